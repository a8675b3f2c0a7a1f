"""Records what people are to be told, as it happens: see `outbox.py`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "batchsite.notifications"

    def ready(self) -> None:
        from batchsite.batches.signals import batch_ended, batch_held, event_noted
        from batchsite.notifications import outbox
        from batchsite.notifications.destinations import encrypt_all_anew
        from batchsite.teams.signals import secret_key_changed

        def ended(batch: Any, **_: Any) -> None:
            outbox.note_end(batch)

        def held(batch: Any, **_: Any) -> None:
            outbox.note_hold(batch)

        def noted(batch_id: int, kind: str, **_: Any) -> None:
            outbox.note_event(batch_id, kind)

        def rotated(**_: Any) -> tuple[int, list[str]]:
            return encrypt_all_anew()

        batch_ended.connect(ended, weak=False, dispatch_uid="tell of ended batches")
        batch_held.connect(held, weak=False, dispatch_uid="tell of held batches")
        event_noted.connect(noted, weak=False, dispatch_uid="tell of lines of budgets")
        secret_key_changed.connect(rotated, weak=False, dispatch_uid="secrets of notifications")
