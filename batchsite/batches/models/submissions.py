"""A submission: one batch at xAI, and the chunks in which its rows travel."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import orjson
from django.conf import settings
from django.db import models
from django.utils import timezone

from batchsite.batches.models.batch import Batch
from batchsite.batches.states import RowState, State
from batchsite.processes.models import Work


def _submission_token() -> str:
    """Only migration 0001 refers to it: tokens are derived now."""
    return secrets.token_hex(5)


class EndedBy(models.TextChoices):
    """What ends a submission before all of its rows are answered, apart from a person and xAI."""

    DEADLINE = "deadline"
    CAP = "cap"
    """The spending cap of the batch: rows that xAI did not answer are to be sent later."""
    HERE = "here"
    """A person decided without xAI, which cannot be reached."""


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
    is_live = models.BooleanField(default=False)
    """Its rows are asked one by one (`LiveRequest`): there is no batch at xAI, and so no remote_id."""
    planned = models.BooleanField(default=False)
    planned_through = models.PositiveBigIntegerField(default=0)
    """Chunks are planned up to this row."""
    total = models.PositiveBigIntegerField(default=0)
    """Rows in its chunks."""

    token = models.CharField(max_length=20, unique=True)
    """Ours, unique, in the name at the provider: it finds the batch again after a lost reply (facts 1.6).

    Derived from the batch and the number (`submission_token`): a submission that is made again from a restored
    database has the token that it had before.
    """
    provider_team = models.CharField(max_length=100, blank=True)
    """The xAI team whose key created it: only keys of that team can see it. Blank where xAI did not say."""
    remote_name = models.CharField(max_length=300, blank=True)
    remote_id = models.CharField(max_length=100, blank=True, db_index=True)
    create_tried_at = models.DateTimeField(null=True, blank=True)
    """Set before the create call: without a remote_id its outcome is unknown. Of a live one: before the first row."""
    create_turn_at = models.DateTimeField(null=True, blank=True)
    """From when on it may reserve a create call: its turn among its team's submissions."""
    create_slot_at = models.DateTimeField(null=True, blank=True)
    """Its reserved place in the provider's limit of create calls."""
    missed_at = models.DateTimeField(null=True, blank=True)
    """When a look at xAI first missed what may have been sent; only a second look, later, makes it count as absent."""
    missed_rows: models.JSONField[list[list[int]]] = models.JSONField(default=list)
    """Rows that the first look missed: [[first, last], …]."""
    absent_rows = models.PositiveBigIntegerField(default=0)
    """Rows that xAI was found not to have after a restore: to be confirmed, see restore.py."""
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
    ended_by = models.CharField(max_length=10, choices=EndedBy.choices, blank=True)
    """Set if a deadline, and neither a person nor xAI, ends the submission."""
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.token:
            self.token = submission_token(self.batch, self.number)
        super().save(*args, **kwargs)

    @property
    def accounted(self) -> int:
        """Rows of this submission whose fate is known."""
        return self.succeeded + self.failed + self.cancelled + self.missing


def submission_token(batch: Batch, number: int) -> str:
    """Returns the token of a batch's submission: the same whenever the same submission is made, and no secret."""
    values = [batch.pk, batch.created_at.isoformat(), number, *(getattr(batch, name) for name in _WHAT_IS_SENT)]
    values += [[name, value] for name in _SENT_WHERE_SET if (value := getattr(batch, name))]
    message = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    return hmac.new(settings.SECRET_KEY.encode(), b"submission " + message, hashlib.sha256).hexdigest()[:16]


_WHAT_IS_SENT = (
    *("prompt", "system_prompt", "examples", "shape", "model", "params", "ranges", "row_limit", "skip_empty"),
    *("id_column", "id_prefix", "request_kind"),
)
_SENT_WHERE_SET = (
    "picture_column",
    "picture_detail",
    "document_form",
    "history_column",
    "sent_once",
    "tools",
    "cache_key",
)
"""Came later: where they are blank, the token is what it was before."""


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
