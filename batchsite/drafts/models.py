"""What belongs to a draft alone: how it was before it was filled, its edits, a search for its rows."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.models import Work
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import User


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


class Edit(models.Model):
    """The last edit of a draft, numbered, so that a page that shows an earlier one is told before it saves."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="edit")
    number = models.PositiveIntegerField(default=0)
    tab = models.CharField(max_length=40, blank=True)
    """Which opened page saved it, in that page's own words; blank where no script ran."""
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"edit {self.number} of {self.batch_id}"


class ValueSearch(Work):
    """A search for the rows of a draft that have a value in a column; what it finds becomes the draft's rows."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="value_search")
    column = models.CharField(max_length=300)
    value = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    tab = models.CharField(max_length=40, blank=True)
    """The page that asked, in the words of `Edit.tab`: what it finds is no surprise there."""
    rows_done = models.PositiveBigIntegerField(default=0)
    count = models.PositiveBigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"“{self.column}” is “{self.value[:60]}”"

    @property
    def is_looking(self) -> bool:
        return not self.ready_at


class LinkCheck(Work):
    """The work of asking for the web addresses that go along with a draft's rows, and which rows have dead ones."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="link_check")
    mark = models.CharField(max_length=64)
    """What was asked for: the column and the rows. Another choice asks again."""
    total = models.PositiveIntegerField(default=0)
    """Different addresses."""
    asked = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    """Addresses that gave no clear answer."""
    rows_looked_at = models.PositiveBigIntegerField(default=0)
    is_whole = models.BooleanField(default=True)
    """Whether every address of every row was checked."""
    dead: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    """The first dead addresses: [{"address", "words", "row"}], `row` the first one that has it."""
    dead_count = models.PositiveIntegerField(default=0)
    dead_rows: models.JSONField[list[list[int]]] = models.JSONField(default=list)
    """Rows with a dead address: [[first, last], …]."""
    ready_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"links of {self.batch_id}"

    @property
    def is_looking(self) -> bool:
        return not self.ready_at

    @property
    def rows(self) -> RowSet:
        return RowSet(self.dead_rows)
