"""Judgements that people make of answers, and what workers count over all rows of a batch."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.processes.models import Work
from batchsite.teams.models import User


class Verdict(models.TextChoices):
    GOOD = "good", "Good"
    BAD = "bad", "Bad"


class Judgement(models.Model):
    """What a person said about one answer. One per row of a batch; the latest replaces earlier ones."""

    pk = models.CompositePrimaryKey("batch_id", "row")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="judgements", db_index=False)
    row = models.PositiveBigIntegerField()
    verdict = models.CharField(max_length=4, choices=Verdict.choices, blank=True)
    corrected: models.JSONField[dict[str, str] | None] = models.JSONField(null=True, blank=True)
    """What the answer should have been: {field: value}, {"answer": text} for an answer without a shape."""
    comment = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["batch", "verdict", "row"], name="judgements_by_verdict"),
            models.Index(fields=["batch", "row"], condition=Q(corrected__isnull=False), name="corrected_rows"),
        ]

    def __str__(self) -> str:
        return f"row {self.row} of batch {self.batch_id}: {self.verdict or 'no verdict'}"


class SlicedWork(Work):
    """A count over many rows that workers make slice by slice; see `sliced_count`."""

    fingerprint = models.CharField(max_length=1400, blank=True)
    """What `shown` was counted from; blank if nothing is shown yet."""
    shown: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """The last complete tally."""
    as_of = models.DateTimeField(null=True, blank=True)
    """When `shown` was completed."""
    doing = models.CharField(max_length=1400, blank=True)
    """The fingerprint of the count in progress; blank between counts."""
    through = models.PositiveBigIntegerField(default=0)
    """Rows up to this number are in `tally`."""
    tally: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    problem = models.TextField(blank=True)
    """Why the count of `given_up` cannot be made, as a sentence."""
    given_up = models.CharField(max_length=1400, blank=True)
    """The fingerprint of that count: it is not begun again by itself."""

    class Meta:
        abstract = True

    @property
    def counted_fields(self) -> list[str]:
        """The fields that a step of the count writes."""
        return ["fingerprint", "shown", "as_of", "doing", "through", "tally"]


class Summary(SlicedWork):
    """Tallies over the rows of a batch: values of fields, numbers, agreement. Counted again when results change."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="summary")
    expected_field = models.CharField(max_length=300, blank=True)
    """Which field of the answer is compared with the expected column; blank: the whole answer."""
    edition = models.PositiveIntegerField(default=0)
    """The edition of the codes that belong to `shown`."""
    corrections: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)
    """{"rows", "were_right", "are_right"}: corrected answers against the expected column."""

    def __str__(self) -> str:
        return f"summary of {self.batch}"

    @property
    def counted_fields(self) -> list[str]:
        return [*super().counted_fields, "edition"]


class Codes(models.Model):
    """What a field holds in each of many rows, one byte per row: finds rows by value without reading answers.

    `tallies` defines the bytes; they are zlib-compressed. Byte n stands for row `first` + n.
    """

    summary = models.ForeignKey(Summary, on_delete=models.CASCADE, related_name="codes", db_index=False)
    edition = models.PositiveIntegerField()
    name = models.CharField(max_length=310)
    """`field <name>`, or one of `expected`, `answered`, `agrees`."""
    first = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["summary", "edition", "name", "first"], name="one_code_page_per_rows")
        ]

    def __str__(self) -> str:
        return f"{self.name} from row {self.first}"


class RowOrder(Work):
    """The rows of a batch in the order of a column, written down by a worker; see `order_steps`."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="row_orders", db_index=False)
    key = models.CharField(max_length=310)
    """As in `sort_keys`: a number of a result, `f.<field>` or `c.<column>`."""
    edition = models.PositiveIntegerField(default=0)
    """The edition of the parts that are shown; 0 until the rows are first sorted."""
    fingerprint = models.CharField(max_length=700, blank=True)
    """Of the results that were sorted."""
    results = models.PositiveBigIntegerField(default=0)
    """How many were sorted."""
    as_of = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    """When a page last asked for it."""
    problem = models.TextField(blank=True)
    """Why the results of `given_up` cannot be sorted, as a sentence."""
    given_up = models.CharField(max_length=700, blank=True)
    """The fingerprint of those results."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "key"], name="one_order_per_key")]

    def __str__(self) -> str:
        return f"rows of {self.batch} by {self.key}"


class OrderedPart(models.Model):
    """Several thousand rows of an order; of texts there are parts by row besides, which hold (row, rank)."""

    order = models.ForeignKey(RowOrder, on_delete=models.CASCADE, related_name="parts", db_index=False)
    edition = models.PositiveIntegerField()
    by_row = models.BooleanField(default=False)
    number = models.PositiveIntegerField()
    """From 0; `value` and `row` are those of its first entry."""
    value = models.PositiveBigIntegerField()
    row = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "by_row", "edition", "number"], name="one_part_per_place")
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.order}"


class Comparison(SlicedWork):
    """Tallies over the rows that two batches have in common."""

    one = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="one_comparison_per_pair")]

    def __str__(self) -> str:
        return f"{self.one} and {self.other}"


class HitCount(SlicedWork):
    """How many rows of a batch a filter has, where no counter tells: counted by a worker while somebody waits."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="hit_counts", db_index=False)
    query = models.TextField()
    """The filter, as `row_filter.query_of` writes it."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the query."""
    asked_at = models.DateTimeField(default=timezone.now)
    """When a page last waited for it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "digest"], name="one_count_per_filter")]

    def __str__(self) -> str:
        return f"rows of {self.batch} with {self.query}"


class ColumnChoice(models.Model):
    """Which columns of a dataset's results a person looks at, and how wide. One per kind of answers."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    fields = models.CharField(max_length=64)
    """SHA-256 of the names of the fields that the answers have."""
    columns: models.JSONField[list[str]] = models.JSONField(default=list)
    """Keys as in `table_columns.TableColumn`; empty: the usual ones."""
    widths: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    """{key: one of `table_columns.WIDTHS`}; absent: by itself."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "dataset", "fields"], name="one_choice_of_columns_per_kind")
        ]

    def __str__(self) -> str:
        return f"columns of {self.dataset}"
