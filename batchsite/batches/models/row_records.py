"""What came back for the rows of a batch, and its timeline."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from isal import isal_zlib

from batchsite.batches.models.batch import Batch
from batchsite.batches.models.submissions import Submission
from batchsite.batches.states import RowState
from batchsite.teams.models import User
from batchsite.xai.wire_json import decode_json


class RequestId(models.Model):
    """Which row an id stands for, where a column was chosen as the id. Also what keeps those ids unique."""

    pk = models.CompositePrimaryKey("batch_id", "request_id")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+", db_index=False)
    request_id = models.CharField(max_length=64)
    row = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return self.request_id


class RequestDigest(models.Model):
    """The first row with a request, while rows are planned: what repeats it is a copy. Removed after planning."""

    pk = models.CompositePrimaryKey("submission_id", "digest")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.BinaryField(max_length=16)
    row = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"request of row {self.row}"


class RawPage(models.Model):
    """Raw result rows as the provider sent them: those of one page that brought something new.

    A zlib-compressed JSON array. By the page, not by the row: three times smaller, and as fast to write.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, related_name="raw_pages")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="+")
    """Set instead of a submission where the rows were answered when they were tried."""
    at = models.DateTimeField(default=timezone.now)
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"raw results of {self.submission or self.batch}"

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = decode_json(isal_zlib.decompress(self.data))
        return rows


class Result(models.Model):
    """What came back for one row. Inserted on arrival; a later attempt takes its place and remembers it."""

    pk = models.CompositePrimaryKey("batch_id", "row")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="results", db_index=False)
    row = models.PositiveBigIntegerField()
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    """Null: the row was answered when it was tried, before the batch was submitted; it was never sent again."""
    state = models.CharField(max_length=10, choices=RowState.choices)
    attempt = models.PositiveSmallIntegerField(default=1)
    answer = models.TextField(blank=True)
    error = models.TextField(blank=True)
    cause = models.CharField(max_length=60, blank=True)
    """What rows without a good answer are grouped by: see `causes`, and `answer_flaws` for succeeded ones."""
    others: models.JSONField[list[str] | None] = models.JSONField(null=True, blank=True)
    """Further answers, if the model gave several (`n` > 1)."""
    misfit = models.CharField(max_length=300, blank=True)
    """Why the answer does not fit the shape that was asked for, in words; blank where it fits."""
    finish_reason = models.CharField(max_length=40, blank=True)
    answered_by = models.CharField(max_length=100, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(null=True, blank=True)
    """The part of the prompt tokens that was billed at the cached price. Null: not known."""
    cost_ticks = models.PositiveBigIntegerField(default=0)
    """Billed for this row so far, earlier attempts included."""
    tool_use: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """Calls of tools and sources: see `tool_use.ToolUse`. Null where there were none."""
    raw_page_id = models.BigIntegerField(null=True, blank=True)
    fingerprint = models.BigIntegerField(null=True, blank=True)
    """Of the completion that the answer is from (see `extra_answers`). Null where none was kept: ask the raw page."""
    copy_of = models.PositiveBigIntegerField(null=True, blank=True)
    """The row whose request this one repeats: it was not sent, and has that row's answer. Null: it was sent itself."""
    earlier: models.JSONField[list[dict[str, Any]] | None] = models.JSONField(null=True, blank=True)
    """Attempts before this one: [{"attempt", "submission", "state", "error", "cause", "raw_page"}]."""

    class Meta:
        indexes = [
            models.Index(fields=["batch", "state", "row"], name="results_by_state"),
            models.Index(fields=["batch", "cause", "row"], condition=~Q(cause=""), name="results_by_cause"),
            models.Index(fields=["batch", "row"], condition=~Q(misfit=""), name="results_that_do_not_fit"),
            models.Index(
                fields=["batch", "copy_of", "row"], condition=Q(copy_of__isnull=False), name="copies_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.row} of batch {self.batch_id}"


class ExtraAnswer(models.Model):
    """A billed answer that is no row's result: its row already had one, or was never sent.

    It counts in the cost of its submission and batch, and once only, however often it is read.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="extra_answers")
    request_id = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=32)
    """Of the completion: two answers to one request differ in it."""
    cost_ticks = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "request_id", "fingerprint"], name="one_extra_answer")
        ]

    def __str__(self) -> str:
        return f"another answer to {self.request_id}"


class Event(models.Model):
    """A line of a batch's timeline. A repeated event increments a counter instead of filling the page."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="events")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10, blank=True)
    """Of an `ended` event: the state of the batch, or `incomplete`."""
    at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    times = models.PositiveIntegerField(default=1)
    text = models.TextField()
    detail = models.TextField(blank=True)
    """The provider's own words, where there are any."""
    trace_id = models.CharField(max_length=100, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["batch", "id"], name="events_of_a_batch")]

    def __str__(self) -> str:
        return self.text
