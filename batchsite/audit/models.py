"""The audit trail: who did what, to what, when, from where, by which way. It only grows."""

from __future__ import annotations

from typing import Any, ClassVar, Never

from django.db import models
from django.utils import timezone


class AppendOnly(RuntimeError):
    """Something tried to change or remove an event of the trail."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__("The audit trail only grows: its events are never changed or removed.")


class EventQuery(models.QuerySet["AuditEvent"]):
    """Reads. Events are added one by one."""

    def update(self, **_: Any) -> Never:
        raise AppendOnly

    def delete(self) -> Never:
        raise AppendOnly


class Way(models.TextChoices):
    PAGE = "page", "page"
    LINK = "link", "link for scripts"
    COMMAND = "command", "command line"
    RULE = "rule", "rule of the team"


class AuditEvent(models.Model):
    """Names are stored as they were at the time. No foreign keys: the trail outlives what it is about."""

    at = models.DateTimeField(default=timezone.now)
    team_id = models.BigIntegerField(null=True)
    """Null where it is about an account, or the installation."""
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=400)
    by = models.CharField(max_length=10, choices=Way.choices, default=Way.PAGE)
    action = models.CharField(max_length=60)
    """The name of the URL, or of the event."""
    words = models.CharField(max_length=200)
    about = models.CharField(max_length=400, blank=True)
    """What it was done to: `batch 12 “Tickets”`."""
    detail = models.CharField(max_length=400, blank=True)
    """What the page said afterwards."""
    address = models.CharField(max_length=60, blank=True)

    objects: ClassVar[models.Manager[AuditEvent]] = models.Manager.from_queryset(EventQuery)()

    class Meta:
        indexes = [
            models.Index(fields=["team_id", "-id"], name="audit_of_a_team"),
            models.Index(fields=["user_id", "-id"], condition=models.Q(team_id=None), name="audit_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.words}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> Never:
        raise AppendOnly
