"""Signals: a new key or budget wakes held batches, and a restored database is looked through when it migrates."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db import connection
from django.db.models.signals import post_migrate


class SubmissionConfig(AppConfig):
    name = "batchsite.submission"

    def ready(self) -> None:
        from batchsite.submission.actions import wake_held
        from batchsite.teams.signals import budget_changed, key_changed, key_in_use, may_team_go

        def still_runs(team: Any, **_: Any) -> str:
            from batchsite.batches.queries import running_count

            count = running_count(team)
            if not count:
                return ""
            still = "One of its batches is" if count == 1 else f"{count} of its batches are"
            return f"{still} still running. Cancel first, or wait for the end."

        may_team_go.connect(still_runs, weak=False, dispatch_uid="a team with running batches stays")

        def held_without(key: Any, **_: Any) -> str:
            from batchsite.batches.queries import running_under

            count = running_under(key)
            if not count:
                return ""
            run = "One batch runs under it and is" if count == 1 else f"{count:,} batches run under it and are"
            return f"{run} held then."

        key_in_use.connect(held_without, weak=False, dispatch_uid="what runs under a key")

        def woken(team: Any, **_: Any) -> None:
            wake_held(team)

        post_migrate.connect(_after_migrating, sender=apps.get_app_config("batches"))
        key_changed.connect(woken, weak=False, dispatch_uid="held batches go on")
        budget_changed.connect(woken, weak=False, dispatch_uid="batches held for the budget go on")


def _after_migrating(**_: Any) -> None:
    """Every start migrates, before any worker can send something."""
    from batchsite.batches.models import Generation
    from batchsite.submission.restore import begin_anew

    if Generation._meta.db_table in connection.introspection.table_names():  # not on the way to an earlier version
        begin_anew()
