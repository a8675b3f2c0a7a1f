"""What processes share through the database: work in steps, leadership, and heartbeats."""

from __future__ import annotations

from django.db import models


class Work(models.Model):
    """A row that workers advance in small steps. The row, not a queue's message, says when it is due."""

    next_look_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """When the next step is due. Null if nothing is left to do."""
    lease_token = models.CharField(max_length=32, default="", blank=True)
    """Who holds the row. Every write of a step checks it, so that a step that lost its lease writes nothing."""
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    """Steps begun since one last ended. Counted at the start, as a step that kills its worker leaves no other trace."""

    class Meta:
        abstract = True


class Leadership(models.Model):
    """Which process does what only one should do at a time, such as looking for due work."""

    name = models.CharField(max_length=40, primary_key=True)
    token = models.CharField(max_length=32)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a worker of a queue last ran `heartbeats.beat`, which proves that broker and worker are working."""

    queue = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.queue
