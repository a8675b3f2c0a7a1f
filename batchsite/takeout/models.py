"""Everything that a team owns, being written into one zip or ready to be downloaded."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from batchsite.processes.models import Work
from batchsite.teams.models import Team, User


def _folder_name() -> str:
    return secrets.token_hex(12)


class Takeout(Work):
    """The zip is stored in parts, one for each unit: a worker that dies loses only the one that it was writing."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="takeouts")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    folder_name = models.CharField(max_length=32, default=_folder_name)
    kind = models.PositiveSmallIntegerField(default=0)
    """The kind of things that is written now, as its place in `contents.KINDS`."""
    after = models.PositiveBigIntegerField(default=0)
    """The last thing of that kind that was written or begun."""
    row = models.PositiveBigIntegerField(default=0)
    """The last row of it that was written. 0: all of it was."""
    things = models.PositiveIntegerField(default=0)
    """Units written so far."""
    total = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    """Bytes so far."""
    ready_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    """Why there is no file, for people."""

    def __str__(self) -> str:
        return f"everything of {self.team}"

    @property
    def is_building(self) -> bool:
        return not self.ready_at and not self.problem

    @property
    def folder(self) -> Path:
        """Beside the uploads, which all machines share."""
        return Path(settings.MEDIA_ROOT) / "takeouts" / self.folder_name


class TakeoutPart(models.Model):
    """A piece of the zip, in a file of its own."""

    takeout = models.ForeignKey(Takeout, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    filename = models.CharField(max_length=80)
    size = models.PositiveBigIntegerField()
    entries: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    """The files in it: the fields of `zip_parts.ZipEntry`."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["takeout", "number"], name="one_part_per_number")]

    def __str__(self) -> str:
        return self.filename


@receiver(post_delete, sender=Takeout)
def remove_folder(instance: Takeout, **_: Any) -> None:
    """Deletes the files with their row, even if the row is deleted with its team."""
    shutil.rmtree(instance.folder, ignore_errors=True)
