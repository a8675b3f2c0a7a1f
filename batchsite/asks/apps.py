"""Connects asks to signals: a new key wakes held ones, and after a restore a person decides."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class AsksConfig(AppConfig):
    name = "batchsite.asks"

    def ready(self) -> None:
        from batchsite.asks.ask_start import hold_back, promised_by_asks, wake_held
        from batchsite.batches.signals import database_restored
        from batchsite.pricing.budgets import promises_asked
        from batchsite.teams.signals import key_changed

        def woken(team: Any, **_: Any) -> None:
            wake_held(team)

        def restored(**_: Any) -> None:
            hold_back()

        def promised(team: Any, person: Any, **_: Any) -> int:
            return promised_by_asks(team, person)

        promises_asked.connect(promised, weak=False, dispatch_uid="open asks are paid from a budget")
        database_restored.connect(restored, weak=False, dispatch_uid="planned asks are held back after a restore")
        key_changed.connect(woken, weak=False, dispatch_uid="held asks go on")
