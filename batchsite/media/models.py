"""The pictures, documents and texts that came with a table, as a worker saw them. Their bytes stay in the upload."""

from __future__ import annotations

from django.db import models

from batchsite.datasets.models import Dataset
from batchsite.processes.models import Work


class FileIndex(Work):
    """The work of looking at all files of a dataset's archive."""

    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, related_name="file_index")
    done = models.PositiveIntegerField(default=0)
    """Files that were looked at, in the order of the archive."""
    total = models.PositiveIntegerField(default=0)
    unfit = models.PositiveIntegerField(default=0)
    """Files that cannot be sent."""
    given_up = models.PositiveIntegerField(default=0)
    """Files that took too much."""
    ended_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    """Why the rest could not be looked at, for people."""

    def __str__(self) -> str:
        return f"files of {self.dataset}"


class HeldFile(models.Model):
    """A file of an archive."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="held_files")
    name = models.CharField(max_length=300)
    """With its folders, as `tables.formats.file_archive.shown_name` writes it."""
    base = models.CharField(max_length=300)
    """Without its folders."""
    kind = models.CharField(max_length=8)
    """picture, document or text."""
    mime = models.CharField(max_length=40, blank=True)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    """Of a document; 0 if they cannot be read, or were not looked at."""
    characters = models.PositiveIntegerField(default=0)
    """Of the texts of a document's first pages."""
    pages_problem = models.CharField(max_length=200, blank=True)
    """Why a document's pages cannot be read, as a sentence; as it is, it can still be sent."""
    thumb = models.BinaryField(null=True, blank=True)
    """A small WebP, made of the pixels alone of a picture, or of a document's first page."""
    problem = models.CharField(max_length=300, blank=True)
    """Why it cannot be sent, as a sentence."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="one_file_per_name")]
        indexes = [models.Index(fields=["dataset", "base"], name="files_by_base")]

    def __str__(self) -> str:
        return self.name


class SentFile(models.Model):
    """A document of an archive at xAI: sent there once, for all rows and batches that name it (facts 3)."""

    held = models.ForeignKey(HeldFile, on_delete=models.CASCADE, related_name="sent")
    owner = models.CharField(max_length=300)
    """Whose it is there: the address of the API, and the xAI team, or the key where xAI does not name its team."""
    tried_at = models.DateTimeField(null=True, blank=True)
    """Set before it is sent: without an id the outcome is unknown."""
    missed_at = models.DateTimeField(null=True, blank=True)
    """When a look at xAI first missed it after that; only a second look, later, makes it count as absent."""
    file_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    """xAI deletes it some time after that."""
    seen_at = models.DateTimeField(null=True, blank=True)
    """When xAI was last seen to have it."""
    problem = models.TextField(blank=True)
    """Why xAI does not take it, in its words."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["held", "owner"], name="one_sent_file_per_owner")]

    def __str__(self) -> str:
        return self.file_id or f"{self.held}, not sent"
