"""What a draft was before it was filled, so that this can be undone."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from batchsite.batches.models import Batch


class Undo(models.Model):
    """The contents of a draft before the last fill: one for each draft, as large as a form may be.

    A row of its own, as pages and lists read the draft and never this.
    """

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="undo")
    contents: models.JSONField[dict[str, Any]] = models.JSONField()
    """The fields of `prompts.library.Contents`."""
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"undo of {self.batch_id}"
