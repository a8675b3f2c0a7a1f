"""Work to test the processes with: a number of steps that each take a while."""

from __future__ import annotations

from django.db import models

from batchsite.processes.models import Work


class Chore(Work):
    seconds = models.FloatField(default=0)
    steps_left = models.IntegerField(default=1)
    begun = models.IntegerField(default=0)
    ended = models.IntegerField(default=0)
    pid = models.IntegerField(default=0)
    """Of the worker that last began a step."""

    class Meta:
        app_label = "chores"

    def __str__(self) -> str:
        return f"chore {self.pk}"
