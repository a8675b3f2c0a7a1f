"""Rows that run live: one deferred completion each, written down before it is asked for (facts 5)."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from batchsite.batches.models.submissions import Submission


class LiveState(models.TextChoices):
    SENDING = "sending"  # the intent is on record; whether xAI took it is not
    RUNNING = "running"  # xAI took it, and its id is known
    LOST = "lost"  # the reply was lost: nobody can tell whether xAI took it, and the row is declared missing
    ENDED = "ended"  # the row has its result, or is declared missing


class LiveRequest(models.Model):
    """A row of a live submission that was asked, or is about to be. Rows that nobody asked yet have none.

    A submission has at most one of them for a row. That is what keeps a row from being asked twice, as xAI has
    neither an idempotency key nor a list of deferred completions.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="live_requests")
    row = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=LiveState.choices, default=LiveState.SENDING)
    request_id = models.CharField(max_length=200, blank=True)
    """xAI's name of the completion; its answer can be read once."""
    sent_at = models.DateTimeField(default=timezone.now)
    look_at = models.DateTimeField(null=True, blank=True)
    """When to ask for the answer."""
    missed_at = models.DateTimeField(null=True, blank=True)
    """When xAI first no longer knew it. Only a second, later look makes its answer count as gone."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "row"], name="one_live_request_per_row")]
        indexes = [models.Index(fields=["submission", "state", "look_at"], name="live_requests_by_state")]

    def __str__(self) -> str:
        return f"live request for row {self.row}"
