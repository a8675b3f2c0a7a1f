"""What people and workers say about the answers of a batch: judgements, and sums over all of its rows."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.models import Work
from batchsite.teams.models import User


class Verdict(models.TextChoices):
    GOOD = "good", "Good"
    BAD = "bad", "Bad"


class Judgement(models.Model):
    """What a person said of one answer. One per row of a batch; the last word counts."""

    pk = models.CompositePrimaryKey("batch_id", "row")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="judgements", db_index=False)
    row = models.PositiveBigIntegerField()
    verdict = models.CharField(max_length=4, choices=Verdict.choices, blank=True)
    corrected: models.JSONField[dict[str, str] | None] = models.JSONField(null=True, blank=True)
    """What the answer should have been: {field: value}, for an answer without a shape {"answer": text}."""
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


class Summary(Work):
    """Sums over the rows of a batch, made by a worker slice by slice, and made anew when results changed."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="summary")
    expected_field = models.CharField(max_length=300, blank=True)
    """Which field of the answer is held against the expected column; blank: the whole answer."""

    mark = models.CharField(max_length=700, blank=True)
    """What `shown` was made of (see `summing.mark_of`); blank where nothing is shown yet."""
    edition = models.PositiveIntegerField(default=0)
    """Whose codes belong to `shown`."""
    shown: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """The whole tally, as `tallying.Tally` writes it."""
    as_of = models.DateTimeField(null=True, blank=True)
    ordered: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)
    """{measure: edition} of the orders that are kept; of an earlier edition until the rows are sorted again."""

    doing = models.CharField(max_length=700, blank=True)
    """What is being summed up; blank between two times."""
    through = models.PositiveBigIntegerField(default=0)
    """Rows up to this number are in `tally`."""
    tally: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    corrections: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)
    """{"rows", "were_right", "are_right"}: corrected answers against the expected column."""

    def __str__(self) -> str:
        return f"summary of {self.batch}"


class Codes(models.Model):
    """What a field holds in each of many rows, a byte a row: finds rows by value without reading answers.

    Bytes mean what `tallying` says; they are zlib-compressed. Byte n stands for row `first` + n.
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


class Ordered(models.Model):
    """Rows of a batch in the order of a measure, some thousand in a page: see `ordering`."""

    summary = models.ForeignKey(Summary, on_delete=models.CASCADE, related_name="ordered_pages", db_index=False)
    edition = models.PositiveIntegerField()
    measure = models.CharField(max_length=10)
    number = models.PositiveIntegerField()
    """Of the page, from 0; `value` and `row` are those of its first entry."""
    value = models.PositiveBigIntegerField()
    row = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["summary", "measure", "edition", "number"], name="one_page_per_place")
        ]

    def __str__(self) -> str:
        return f"page {self.number} by {self.measure}"


class Comparison(Work):
    """Sums over two batches of the same dataset, row by row. Made as a Summary is."""

    one = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")
    mark = models.CharField(max_length=1400, blank=True)
    shown: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    as_of = models.DateTimeField(null=True, blank=True)
    doing = models.CharField(max_length=1400, blank=True)
    through = models.PositiveBigIntegerField(default=0)
    tally: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="one_comparison_per_pair")]

    def __str__(self) -> str:
        return f"{self.one} and {self.other}"
