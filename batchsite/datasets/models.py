"""An uploaded table: its original file, what was understood of it, and its rows in compressed blocks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from isal import isal_zlib

from batchsite.processes.models import Work
from batchsite.teams.models import Team, User
from batchsite.teams.retained import Retained

BLOCK_ROWS = 500
"""Rows in a block: measured, 500 read a page of 50 in 2 ms and store at a quarter to a third of the CSV's size."""

BLOCK_BYTES = 4_000_000
"""Characters of text after which a block is closed, however few its rows."""

Row = list[str]
"""The cells of one row as text, in the order of the dataset's columns."""


class DatasetState(models.TextChoices):
    IMPORTING = "importing", "Importing"
    ASKING = "asking", "Needs an answer"
    READY = "ready", "Ready"
    REFUSED = "refused", "Not readable"


class Dataset(Retained, Work):
    """A table of text. Rows are numbered from 1 in file order; `007` stays `007`."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Hidden from then on; a worker removes blocks and file in small steps."""

    file = models.FileField(upload_to="datasets/%Y/%m/", max_length=300, blank=True)
    """The upload as it came, kept as evidence."""
    address = models.CharField(max_length=2000, blank=True)
    """The web address that the file comes from; without a file, it is still to be fetched."""
    filename = models.CharField(max_length=300)
    size = models.BigIntegerField(default=0)
    """Bytes of the upload."""
    digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of the upload, in hexadecimal; blank until a worker has begun to read it."""
    bytes_read = models.BigIntegerField(default=0)
    """How far the import is."""

    state = models.CharField(max_length=10, choices=DatasetState.choices, default=DatasetState.IMPORTING)
    held_reason = models.TextField(blank=True)
    """The reason in words, while the import waits for something such as disk space; it continues automatically."""
    form = models.CharField(max_length=20, blank=True)
    """What kind of file it is, in the words of `tables.Understood`."""
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=4, blank=True)
    understood: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    """All that was understood of the file: the fields of `tables.Understood`."""
    questions: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    """What must be answered before it can be imported: `tables.Question` as objects."""
    answers: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    """What people answered: {"key", "value", "by" (id), "at", "question"}, the question as it was asked, or null."""
    profile: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    """What is in the columns: see `profile`."""
    columns: models.JSONField[list[str]] = models.JSONField(default=list)
    row_count = models.BigIntegerField(default=0)
    problems: models.JSONField[list[dict[str, object]]] = models.JSONField(default=list)
    """The first problems: {"line", "row", "column", "message", "excerpt"}; `problem_count` says how many there are."""
    problem_count = models.PositiveIntegerField(default=0)
    left_out = models.PositiveBigIntegerField(default=0)
    """Rows of the file that are not in the dataset, because a person chose to skip them."""
    file_rows = models.PositiveBigIntegerField(default=0)
    """Rows of the file as a person counts them, bad ones included; 0 if it was not read to the end."""
    can_leave = models.BooleanField(default=False)
    """Whether a refused file may be used without its bad rows: nothing else is wrong with it."""
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaced_by")
    """The dataset that this one replaces: an earlier version of the table."""

    class Meta:
        indexes = [
            models.Index(fields=["team", "-created_at"], name="datasets_of_a_team"),
            models.Index(fields=["team", "id"], name="datasets_by_age"),
            models.Index(F("team"), Lower("name"), F("id"), name="datasets_by_name"),
            models.Index(fields=["team", "row_count", "id"], name="datasets_by_rows"),
            models.Index(fields=["team", "size", "id"], name="datasets_by_size"),
            models.Index(fields=["team", "digest"], condition=~Q(digest=""), name="datasets_by_digest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_to_fetch(self) -> bool:
        """Whether the file is still to be fetched from its web address."""
        return bool(self.address) and not self.file

    @property
    def good_rows(self) -> int:
        """The rows of a refused file that are left without the bad ones."""
        return self.file_rows - self.problem_count

    @property
    def skipped_name(self) -> str:
        """The stored name of the skipped rows' bytes, beside the upload."""
        return f"{self.file.name}.skipped"

    @property
    def has_rows(self) -> bool:
        """Whether it has rows, or is about to get some."""
        return self.state in {DatasetState.READY, DatasetState.IMPORTING}

    @property
    def given(self) -> dict[str, str]:
        """The answers as the reader expects them: {key: value}."""
        return {str(one["key"]): str(one["value"]) for one in self.answers}

    @property
    def file_count(self) -> int:
        """How many pictures, documents and texts came with the table."""
        return int(self.understood.get("files") or 0)

    @property
    def file_column(self) -> str:
        """The column whose cells name them. Empty if there is none."""
        return str(self.understood.get("file_column") or "")

    @property
    def unfit_files(self) -> Any:
        """The first files of its archive that cannot be sent."""
        held: Any = self.held_files  # of a room above
        return held.exclude(problem="").order_by("pk").only("problem")[:10]

    @property
    def holds_requests(self) -> bool:
        """Whether the rows are requests of a batch file, run as they stand."""
        return self.form == "requests"

    def row(self, number: int) -> Row:
        """The cells of one row, counted from 1. Raises Block.DoesNotExist beyond the end."""
        found = self.pick([number])
        if number not in found:
            raise Block.DoesNotExist(f"row {number} of {self.row_count}")
        return found[number]

    def pick(self, numbers: Iterable[int]) -> dict[int, Row]:
        """Returns the cells of some rows, reading each block once. Rows that do not exist are left out."""
        found: dict[int, Row] = {}
        wanted = sorted(set(numbers))
        firsts = sorted({number - (number - 1) % BLOCK_ROWS for number in wanted})
        for start in range(0, len(firsts), _BLOCKS_PICKED):  # full blocks begin there: a few queries find most rows
            for block in self.blocks.filter(first__in=firsts[start : start + _BLOCKS_PICKED]):
                block.take(wanted, found)
        for number in wanted:
            if number not in found:
                holder = self._block_of(number)
                if holder is None or number >= holder.first + holder.count:
                    break
                holder.take(wanted, found)
        return found

    def _block_of(self, row: int) -> Block | None:
        return self.blocks.filter(first__lte=row).order_by("-first").first()

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
        begin = self._block_of(first) if first <= end else None
        after = begin.first - 1 if begin else end
        while some := list(self.blocks.filter(first__gt=after, first__lte=end).order_by("first")[:_BLOCKS_AT_ONCE]):
            for block in some:
                rows = block.rows()[max(0, first - block.first) : end - block.first + 1]
                yield max(first, block.first), rows
            after = some[-1].first

    def slices_in(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[Row]]]:
        """As `slices`, for the rows of ascending spans; where these are short, each block is still read once."""
        block, rows = None, list[Row]()
        for first, last in spans:
            if last - first >= 2 * BLOCK_ROWS:
                yield from self.slices(first, last)
                continue
            while first <= last:
                if block is None or first >= block.first + block.count:
                    block = self._block_of(first)
                    if block is None or first >= block.first + block.count:
                        return
                    rows = block.rows()
                some = rows[first - block.first : last - block.first + 1]
                yield first, some
                first += len(some)


_BLOCKS_AT_ONCE = 4
_BLOCKS_PICKED = 16


class Block(models.Model):
    """Consecutive rows: a zlib-compressed JSON array of arrays of text.

    Up to `BLOCK_ROWS` rows; fewer where cells are huge, so that a block always fits into memory.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="blocks")
    first = models.PositiveBigIntegerField()
    """Number of its first row, from 1."""
    count = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "first"], name="one_block_per_row")]

    def __str__(self) -> str:
        return f"rows from {self.first} of dataset {self.dataset_id}"

    def rows(self) -> list[Row]:
        cells: list[Row] = orjson.loads(isal_zlib.decompress(self.data))
        return cells

    def take(self, wanted: Sequence[int], found: dict[int, Row]) -> None:
        """Add to `found` those of some ascending row numbers that lie in here."""
        rows = self.rows()
        for number in wanted[bisect_left(wanted, self.first) : bisect_left(wanted, self.first + self.count)]:
            found[number] = rows[number - self.first]


class UploadedHour(models.Model):
    """The bytes that a team uploaded within an hour, whatever became of the datasets."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    """When the hour began."""
    size = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "hour"], name="one_count_an_hour")]

    def __str__(self) -> str:
        return f"{self.size} bytes from {self.hour:%Y-%m-%d %H:%M}"
