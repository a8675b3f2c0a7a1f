"""A batch, its submissions to xAI, and what came back. What must survive a crash is a column here."""

from __future__ import annotations

import secrets
import zlib
from typing import Any

import orjson
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from batchsite.batches.daily import DailySpend as DailySpend  # so that Django finds it
from batchsite.batches.pipeline.pacing import Pace as Pace
from batchsite.batches.pipeline.renewing import Renewal as Renewal
from batchsite.batches.provided import CallBudget as CallBudget
from batchsite.batches.provided import ModelOffer as ModelOffer
from batchsite.batches.requests.rowsets import RowSet
from batchsite.batches.states import RULES, RUNNING, TERMINAL, RowState, State
from batchsite.batches.tagging import Tagging as Tagging
from batchsite.datasets.models import Dataset
from batchsite.processes.models import Work
from batchsite.teams.keys import AccountKind
from batchsite.teams.models import Team, User


class Batch(models.Model):
    """What a person names and watches: a dataset, a prompt, a model, parameters; and the sums of its results.

    Always: total = pending + succeeded + failed + cancelled + missing + skipped. From `queued` on, what is sent
    (prompt, model, parameters, rows, ids) does not change any more: a chunk is rebuilt from it byte for byte.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="batches")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Hidden from then on; a worker removes the results in small steps."""

    system_prompt = models.TextField(blank=True)
    prompt = models.TextField(blank=True)
    model = models.CharField(max_length=100, blank=True)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    """Parameters in the words of chat completions; absent ones are not sent (facts 6.1)."""
    examples: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list, blank=True)
    """Turns between system prompt and prompt: [{"user", "assistant"}], each a template like the prompt itself."""
    shape: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """The shape of an answer; null: text. {"fields": [{"name", "type", "values", "description", "required"}]}
    as a person made them, or {"schema": {…}} as it was pasted. `shapes.py` knows what follows from it."""
    shape_aside: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """What was typed for the kinds of shape that are not chosen: {"fields", "schema"}; a draft loses nothing."""
    row_limit = models.PositiveIntegerField(null=True, blank=True)
    """Only the first n rows; all where null."""
    ranges: models.JSONField[list[list[int]] | None] = models.JSONField(null=True, blank=True)
    """Only these rows: [[first, last], …], both included, ascending. Outranks `row_limit`."""
    skip_empty = models.BooleanField(default=False)
    """Rows in which a column that the prompt uses is empty are not sent, but declared skipped."""
    variants: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    """What a draft is tried against, up to two: [{"prompt", "system_prompt", "model"}]."""
    tried: models.JSONField[dict[str, dict[str, int]] | None] = models.JSONField(null=True, blank=True)
    """What trying taught, by the mark of what was tried: sums over its answers, see learning.Lesson."""
    prompt_version = models.ForeignKey(
        "prompts.PromptVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="batches"
    )
    """The kept prompt that this one was taken from, as long as it says the same."""
    expected_column = models.CharField(max_length=300, blank=True)
    """The dataset's column that holds the right answers, where a person named one."""
    notes = models.TextField(blank=True)
    tags: models.JSONField[list[str]] = models.JSONField(default=list, blank=True)
    id_column = models.CharField(max_length=300, blank=True)
    """The column whose values are the ids of the requests; `<id_prefix>-row-<n>` where blank."""
    id_prefix = models.CharField(max_length=48, blank=True)
    account = models.CharField(max_length=12, choices=AccountKind.choices, blank=True)
    request_kind = models.CharField(max_length=24, default="chat_get_completion")
    auto_retries = models.PositiveSmallIntegerField(default=0)
    """How often transient failures are retried by themselves; 0 unless a person chose otherwise."""
    deadline_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    """Finish with what is there after so many hours, where a person set it."""

    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    held_reason = models.TextField(blank=True)
    """In words, while the batch waits for credits, a key or a person; it goes on from its state."""
    held_since = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True)
    """Why the batch as a whole failed, in the provider's words."""
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    first_result_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    estimate: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """What was shown before submitting: see estimating.Estimate."""

    problems: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    """The first rows that cannot be sent: [{"row", "message"}]; with any, the batch goes back to its draft."""
    problem_count = models.PositiveBigIntegerField(default=0)

    total = models.PositiveBigIntegerField(default=0)
    succeeded = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    cancelled = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    misfits = models.PositiveBigIntegerField(default=0)
    """Answers that do not fit the shape; they are among the succeeded."""
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    cost_ticks = models.PositiveBigIntegerField(default=0)
    """All that was billed for this batch, earlier attempts of a row included. 1 tick = 1e-10 USD."""

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"], name="batches_of_a_team"),
            models.Index(fields=["team", "-ended_at"], condition=Q(deleted_at=None), name="ended_batches"),
            models.Index(
                fields=["team"], condition=Q(state=State.DRAFT, problem_count__gt=0), name="sent_back_batches"
            ),
            models.Index(fields=["team"], condition=Q(state__in=sorted(RUNNING)), name="running_batches"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gte=F("succeeded") + F("failed") + F("cancelled") + F("missing") + F("skipped")),
                name="no_more_results_than_rows",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rows(self) -> RowSet:
        """The rows of the dataset that it is about; of a draft, those that it would be about."""
        if self.state != State.DRAFT:
            return RowSet(self.ranges or ([[1, self.total]] if self.total else []))
        count = self.dataset.row_count
        return RowSet(self.ranges or [[1, self.row_limit or count]]).within(1, count)

    @property
    def done(self) -> int:
        """Rows whose fate is known."""
        return self.succeeded + self.failed + self.cancelled + self.missing + self.skipped

    @property
    def unanswered(self) -> int:
        """Rows that were sent, or were to be, and ended without an answer: those that a retry is about."""
        return self.failed + self.cancelled + self.missing

    @property
    def pending(self) -> int:
        return self.total - self.done

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def tone(self) -> str:
        """Class of the stylesheet. Completed with failed rows, or misfits, is amber, never plain green."""
        if self.held_reason and self.is_running:
            return "warn"
        if self.state == State.COMPLETED and (self.succeeded + self.skipped < self.total or self.misfits):
            return "warn"
        return RULES[State(self.state)].tone


def _submission_token() -> str:
    return secrets.token_hex(5)


class Submission(Work):
    """One batch at xAI, made for a Batch: all of its rows, or those that are tried again.

    Its states are the Batch's, from queued on. In `submitting`: planning until `planned`, then creating until
    `remote_id` is known, then adding until no chunk is left.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="submissions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    first_row = models.PositiveBigIntegerField()
    last_row = models.PositiveBigIntegerField()
    retry_of: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """Null for rows sent for the first time; else which results are tried again: {"states", "causes", "rows"}."""
    planned = models.BooleanField(default=False)
    planned_through = models.PositiveBigIntegerField(default=0)
    """Chunks are planned up to this row."""
    total = models.PositiveBigIntegerField(default=0)
    """Rows in its chunks."""

    token = models.CharField(max_length=20, unique=True, default=_submission_token)
    """Ours, unique, in the name at the provider: it finds the batch again after a lost reply (facts 1.6)."""
    remote_name = models.CharField(max_length=300, blank=True)
    remote_id = models.CharField(max_length=100, blank=True, db_index=True)
    create_tried_at = models.DateTimeField(null=True, blank=True)
    """Set before the create call: without a remote_id its outcome is unknown."""
    sent = models.PositiveBigIntegerField(default=0)
    """Rows in chunks that the provider took."""
    sent_at = models.DateTimeField(null=True, blank=True)

    # What the provider said last: hints (facts 2.4, 2.9). Our clock, never its dates (facts 2.2).
    num_requests = models.PositiveBigIntegerField(null=True, blank=True)
    num_pending = models.PositiveBigIntegerField(null=True, blank=True)
    num_success = models.PositiveBigIntegerField(null=True, blank=True)
    num_error = models.PositiveBigIntegerField(null=True, blank=True)
    num_cancelled = models.PositiveBigIntegerField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    """When the counters or our own results last moved."""
    not_found_since = models.DateTimeField(null=True, blank=True)
    faults = models.PositiveSmallIntegerField(default=0)
    """Calls that failed in a row; the next try waits the longer."""
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    """A person, or a deadline, wants it cancelled."""
    cancel_sent_at = models.DateTimeField(null=True, blank=True)
    remote_cancelled = models.BooleanField(default=False)
    expire_date = models.DateField(null=True, blank=True)

    # The walk through the results.
    walks = models.PositiveIntegerField(default=0)
    """Walks that ended since the counters settled, the last page reached or not."""
    walk_token = models.CharField(max_length=500, blank=True)
    walk_pages = models.PositiveIntegerField(default=0)
    walk_is_preview = models.BooleanField(default=False)
    previewed = models.PositiveBigIntegerField(default=0)
    """How many rows were done at the last preview."""
    settled_at = models.DateTimeField(null=True, blank=True)
    readds = models.PositiveSmallIntegerField(default=0)
    """How often chunks were added again because the provider does not list them."""
    ending = models.CharField(max_length=10, choices=State.choices, blank=True)
    """The state to end in, once rows without a result are declared as `declare_as`, with `ending_reason`."""
    declare_as = models.CharField(max_length=10, choices=RowState.choices, blank=True)
    ending_reason = models.TextField(blank=True)
    declared_through = models.PositiveBigIntegerField(default=0)

    succeeded = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    cancelled = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveBigIntegerField(default=0)
    cost_ticks = models.PositiveBigIntegerField(default=0)
    stray_ids: models.JSONField[list[str]] = models.JSONField(default=list)
    """The first ids that came back without having been sent; their raw rows are kept."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="one_submission_per_number")]

    def __str__(self) -> str:
        return f"submission {self.number} of {self.batch}"

    @property
    def accounted(self) -> int:
        """Rows of this submission whose fate is known."""
        return self.succeeded + self.failed + self.cancelled + self.missing


class ChunkState(models.TextChoices):
    PLANNED = "planned"
    SENDING = "sending"  # the intent is on record; what became of it is not
    SENT = "sent"


class Chunk(models.Model):
    """Rows that travel in one add call. Written down before the call, with the hash of what is sent."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="chunks")
    first_row = models.PositiveBigIntegerField()
    ranges: models.JSONField[list[list[int]]] = models.JSONField()
    """[[first, last], …], both included, ascending."""
    count = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=ChunkState.choices, default=ChunkState.PLANNED)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    """Bytes of the call's body."""
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "first_row"], name="one_chunk_per_row")]
        indexes = [models.Index(fields=["submission", "state", "first_row"], name="chunks_by_state")]

    def __str__(self) -> str:
        return f"chunk of {self.count} from row {self.first_row}"


class RequestId(models.Model):
    """Which row an id stands for, where a column was chosen as the id. Also what keeps those ids unique."""

    pk = models.CompositePrimaryKey("batch_id", "request_id")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+", db_index=False)
    request_id = models.CharField(max_length=64)
    row = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return self.request_id


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
        rows: list[dict[str, Any]] = orjson.loads(zlib.decompress(self.data))
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
    """What failures are grouped by: see causes.py."""
    misfit = models.CharField(max_length=300, blank=True)
    """Why the answer does not fit the shape that was asked for, in words; blank where it fits."""
    finish_reason = models.CharField(max_length=40, blank=True)
    answered_by = models.CharField(max_length=100, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_ticks = models.PositiveBigIntegerField(default=0)
    """Billed for this row so far, earlier attempts included."""
    raw_page_id = models.BigIntegerField(null=True, blank=True)
    earlier: models.JSONField[list[dict[str, Any]] | None] = models.JSONField(null=True, blank=True)
    """Attempts before this one: [{"attempt", "submission", "state", "error", "cause", "raw_page"}]."""

    class Meta:
        indexes = [
            models.Index(fields=["batch", "state", "row"], name="results_by_state"),
            models.Index(fields=["batch", "cause", "row"], condition=~Q(cause=""), name="results_by_cause"),
            models.Index(fields=["batch", "row"], condition=~Q(misfit=""), name="results_that_do_not_fit"),
        ]

    def __str__(self) -> str:
        return f"row {self.row} of batch {self.batch_id}"


class Event(models.Model):
    """A line of a batch's timeline. The same thing again counts up instead of filling the page."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="events")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=20)
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
