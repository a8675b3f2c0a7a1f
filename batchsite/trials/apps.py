"""Connects trials to signals: a submitted batch keeps tried answers, a new key wakes held trials."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class TrialsConfig(AppConfig):
    name = "batchsite.trials"

    def ready(self) -> None:
        from batchsite.batches.signals import batch_starting, database_restored
        from batchsite.pricing.budgets import promises_asked
        from batchsite.teams.signals import key_changed
        from batchsite.trials.kept_answers import on_start
        from batchsite.trials.trial_restore import hold_back
        from batchsite.trials.trial_start import promised_by_trials, wake_held

        def starting(batch: Any, **_: Any) -> None:
            on_start(batch)

        def woken(team: Any, **_: Any) -> None:
            wake_held(team)

        def restored(**_: Any) -> None:
            hold_back()

        def promised(team: Any, person: Any, **_: Any) -> int:
            return promised_by_trials(team, person)

        promises_asked.connect(promised, weak=False, dispatch_uid="running tries are paid from a budget")
        database_restored.connect(restored, weak=False, dispatch_uid="planned tries are held back after a restore")
        batch_starting.connect(starting, weak=False, dispatch_uid="tried rows are kept")
        key_changed.connect(woken, weak=False, dispatch_uid="held tries go on")
