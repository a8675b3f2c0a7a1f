"""Files that are built before they are sent, as a workbook of a million rows takes minutes; and links to files."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.models import Work
from batchsite.teams.models import User


class Export(Work):
    """A file of a batch's results, ready or being built. Deleted after a day, and rebuilt on request."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="exports")
    fingerprint = models.CharField(max_length=32)
    """Identifies the content, see `download_choice.fingerprint`. The same content is built once for everybody."""
    form = models.CharField(max_length=12)
    choice: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    rows_done = models.PositiveBigIntegerField(default=0)
    file = models.FileField(upload_to="exports/%Y/%m/", max_length=300, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    """Bytes."""
    ready_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    """Why there is no file, for people."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "fingerprint"], name="one_export_per_content")]

    def __str__(self) -> str:
        return f"{self.form} of {self.batch}"

    @property
    def is_building(self) -> bool:
        return not self.ready_at and not self.problem


class ShareLink(models.Model):
    """A link that fetches a file of a batch without signing in, until it expires or somebody revokes it."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="share_links")
    token_hash = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, which nobody but the maker of the link has seen."""
    form = models.CharField(max_length=12)
    choice: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    with_comments = models.BooleanField(default=False)
    """Whether the file includes the reviewers' comments."""
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    """When it was last opened, to the minute."""

    def __str__(self) -> str:
        return f"link to {self.form} of {self.batch}"


@receiver(post_delete, sender=Export)
def remove_file(instance: Export, **_: Any) -> None:
    """Deletes the file with its row, even if the row is deleted with its batch."""
    if instance.file:
        instance.file.delete(save=False)
