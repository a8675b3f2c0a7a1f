"""Pictures and videos that a batch generated: where each comes from, and what became of it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from batchsite.batches.models import Batch, Submission
from batchsite.processes.models import Work


class Harvest(Work):
    """The work of fetching the pictures of a batch."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="harvest")
    scanned_through = models.PositiveBigIntegerField(default=0)
    """The last page of raw results that was looked through for addresses."""
    faults = models.PositiveSmallIntegerField(default=0)
    """Steps in a row that could not read the results again."""

    def __str__(self) -> str:
        return f"pictures of {self.batch}"


VIDEO_KINDS = ("video/mp4", "video/webm")
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "video/mp4": "mp4", "video/webm": "webm"}


class PictureState(models.TextChoices):
    WAITING = "waiting", "Being fetched"
    KEPT = "kept", "Fetched"
    LOST = "lost", "Lost"


class GeneratedPicture(models.Model):
    """One picture or video of a row. Its file lies beside the uploads."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="generated_pictures")
    submission = models.ForeignKey(Submission, on_delete=models.SET_NULL, null=True, related_name="+")
    """The one whose results have the address, to read it again."""
    request_id = models.CharField(max_length=64)
    row = models.PositiveBigIntegerField()
    number = models.PositiveSmallIntegerField()
    """From 1; a row may have several."""
    address = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=PictureState.choices, default=PictureState.WAITING)
    is_dead = models.BooleanField(default=False)
    """The address is: the results are to be read again for a new one."""
    tries = models.PositiveSmallIntegerField(default=0)
    rereads = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)
    """Why it is lost, or what is odd about it, as a sentence."""

    file = models.FileField(max_length=300, blank=True)
    mime = models.CharField(max_length=40, blank=True)
    size = models.PositiveIntegerField(default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    thumb = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "row", "number"], name="one_picture_per_number")]
        indexes = [
            models.Index(fields=["batch"], condition=Q(state=PictureState.WAITING), name="pictures_to_fetch"),
            models.Index(fields=["batch"], condition=Q(state=PictureState.LOST), name="lost_pictures"),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def filename(self) -> str:
        return f"{self.request_id}-{self.number}.{_ENDINGS.get(self.mime, 'bin')}"

    @property
    def is_video(self) -> bool:
        """Whether a player may show it."""
        return self.mime in VIDEO_KINDS


@receiver(post_delete, sender=GeneratedPicture)
def remove_file(instance: GeneratedPicture, **_: Any) -> None:
    """Deletes the file with its row, even if the row is deleted with its batch."""
    if instance.file:
        instance.file.delete(save=False)
