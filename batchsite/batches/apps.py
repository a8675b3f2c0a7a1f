"""The room of batches listens: a key that was set lets held batches go on."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class BatchesConfig(AppConfig):
    name = "batchsite.batches"

    def ready(self) -> None:
        from batchsite.batches.controlling import wake_held
        from batchsite.teams.signals import key_changed

        def woken(team: Any, **_: Any) -> None:
            wake_held(team)

        key_changed.connect(woken, weak=False, dispatch_uid="held batches go on")
