"""What processes share: work that is looked at again and again, one at a time; and signs of life."""

from __future__ import annotations

from django.db import models


class Work(models.Model):
    """A row that workers advance in small steps. The row, not a queue's message, says when it is due."""

    next_look_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """When to look again; null when nothing is left to do."""
    lease_token = models.CharField(max_length=32, default="", blank=True)
    """Who is at it. Every write of a step checks it, so that a step that was thought dead writes nothing."""
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    """Steps begun since one last ended. Counted at the start: a step that kills its worker leaves no other trace."""

    class Meta:
        abstract = True


class Leadership(models.Model):
    """Which process does what only one may do at a time, such as looking for due work."""

    name = models.CharField(max_length=40, primary_key=True)
    token = models.CharField(max_length=32)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a worker of a queue last finished the empty task: proof of the whole way through broker and worker."""

    queue = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.queue
