"""Counters that all processes of an installation add to."""

from __future__ import annotations

from django.db import models


class ProviderCalls(models.Model):
    """How many calls of one kind ended in one way since the installation was set up."""

    operation = models.CharField(max_length=80)
    """Method and path, with `*` for ids: `POST batches/*/requests`."""
    outcome = models.CharField(max_length=40)
    """`ok`, or the kind of error."""
    count = models.PositiveBigIntegerField(default=0)
    milliseconds = models.PositiveBigIntegerField(default=0)
    """How long they took together."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operation", "outcome"], name="one_counter_per_outcome")]

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome}: {self.count}"
