"""An uploaded table: its original file, what was understood of it, and its rows in compressed blocks."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import orjson
from django.db import models
from django.utils import timezone

from batchsite.processes.models import Work
from batchsite.teams.models import Team, User

BLOCK_ROWS = 500
"""Rows in a block: measured, 500 read a page of 50 in 2 ms and store at a quarter to a third of the CSV's size."""

Row = list[str]
"""The cells of one row as text, in the order of the dataset's columns."""


class DatasetState(models.TextChoices):
    IMPORTING = "importing", "Importing"
    READY = "ready", "Ready"
    REFUSED = "refused", "Not readable"


class Dataset(Work):
    """A table of text. Rows are numbered from 1 in file order; `007` stays `007`."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Hidden from then on; a worker removes blocks and file in small steps."""

    file = models.FileField(upload_to="datasets/%Y/%m/", max_length=300, blank=True)
    """The upload as it came, kept as evidence."""
    filename = models.CharField(max_length=300)
    size = models.BigIntegerField(default=0)
    """Bytes of the upload."""
    bytes_read = models.BigIntegerField(default=0)
    """How far the import is."""

    state = models.CharField(max_length=10, choices=DatasetState.choices, default=DatasetState.IMPORTING)
    held_reason = models.TextField(blank=True)
    """In words, while the import waits for something such as room on the disk; it goes on by itself."""
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=4, blank=True)
    columns: models.JSONField[list[str]] = models.JSONField(default=list)
    row_count = models.BigIntegerField(default=0)
    problems: models.JSONField[list[dict[str, object]]] = models.JSONField(default=list)
    """The first problems: {"line", "row", "column", "message", "excerpt"}; `problem_count` says how many there are."""
    problem_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at"], name="datasets_of_a_team")]

    def __str__(self) -> str:
        return self.name

    def row(self, number: int) -> Row:
        """The cells of one row, counted from 1. Raises Block.DoesNotExist beyond the end."""
        block = self.blocks.get(number=(number - 1) // BLOCK_ROWS)
        return block.rows()[(number - 1) % BLOCK_ROWS]

    def rows(self, first: int = 1, last: int | None = None) -> Iterator[tuple[int, Row]]:
        """(number, cells) of rows `first`..`last`, both included."""
        for start, rows in self.slices(first, last):
            yield from enumerate(rows, start)

    def slices(self, first: int = 1, last: int | None = None) -> Iterator[tuple[int, list[Row]]]:
        """(number of the first row, rows) for rows `first`..`last`, a block at a time.

        Reads a few blocks in a query of their own: an open cursor would hold a snapshot that a transaction
        in the middle of the loop could not write behind.
        """
        end = self.row_count if last is None else min(last, self.row_count)
        low, high = (first - 1) // BLOCK_ROWS, (end - 1) // BLOCK_ROWS
        for number in range(low, high + 1, _BLOCKS_AT_ONCE):
            some = self.blocks.filter(number__gte=number, number__lt=min(number + _BLOCKS_AT_ONCE, high + 1))
            for block in some.order_by("number"):
                start = block.number * BLOCK_ROWS + 1
                rows = block.rows()[max(0, first - start) : max(0, end - start + 1)]
                yield max(first, start), rows


_BLOCKS_AT_ONCE = 4


class Block(models.Model):
    """Up to `BLOCK_ROWS` rows: a zlib-compressed JSON array of arrays of text. Block n starts at row n * 500 + 1."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="blocks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="one_block_per_number")]

    def __str__(self) -> str:
        return f"block {self.number} of dataset {self.dataset_id}"

    def rows(self) -> list[Row]:
        cells: list[Row] = orjson.loads(zlib.decompress(self.data))
        return cells
