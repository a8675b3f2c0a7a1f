"""The app of the processes. It keeps the schedule by which a bare django-q cluster works without a ticker."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

SCHEDULE = "tick"


class ProcessesConfig(AppConfig):
    name = "batchsite.processes"

    def ready(self) -> None:
        from batchsite import checks  # noqa: F401  registers them

        post_migrate.connect(keep_schedule, sender=self)


def keep_schedule(using: str, **_: Any) -> None:
    """Keeps exactly one schedule, whatever an earlier version or two simultaneous migrations left behind."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connections[using].introspection.table_names():
        return  # only some apps were migrated
    values = {"func": "batchsite.processes.ticker.fallback", "schedule_type": Schedule.MINUTES, "minutes": 1}
    kept = Schedule.objects.using(using).filter(name=SCHEDULE).order_by("pk").first()
    if kept is None:
        Schedule.objects.using(using).create(name=SCHEDULE, repeats=-1, **values)
        return
    Schedule.objects.using(using).filter(name=SCHEDULE).exclude(pk=kept.pk).delete()
    Schedule.objects.using(using).filter(pk=kept.pk).exclude(**values).update(**values)
