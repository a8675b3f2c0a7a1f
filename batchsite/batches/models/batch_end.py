"""That a batch ended: whom to tell, and whether they have seen it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models.batch import Batch
from batchsite.teams.models import Team, User


class BatchEnd(models.Model):
    """The last end of a batch, stored in the transaction that ended it, so no notification can miss it."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="last_end")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    """Who submitted the batch."""
    outcome = models.CharField(max_length=12)
    """The state that it ended in, or `INCOMPLETE`."""
    ended_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)
    """When the person first saw the batch after it ended."""

    class Meta:
        indexes = [
            models.Index(fields=["team", "person", "-ended_at"], condition=Q(seen_at=None), name="unseen_ends"),
        ]

    def __str__(self) -> str:
        return f"end of batch {self.batch_id}"
