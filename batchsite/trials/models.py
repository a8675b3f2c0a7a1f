"""Trying a draft on a few rows: what was asked in real time, and what came back. Money here is at list price."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
from django.db import models
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.models import Work
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import User


class Trial(Work):
    """One press of Try: some rows of a draft, and up to three variants of its prompt. Ended when not due any more."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="trials")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    account = models.CharField(max_length=12, choices=AccountKind.choices)
    rows: models.JSONField[list[int]] = models.JSONField()
    variants: models.JSONField[list[dict[str, str]]] = models.JSONField()
    """[{"prompt", "system_prompt", "model"}], the draft's own first; all as they were when it was pressed."""
    shape: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """The batch's at that time: what answers are read by."""
    held_reason = models.TextField(blank=True)
    """In words, while it waits for credits, a key or a person; it goes on by itself when the cause is gone."""
    faults = models.PositiveSmallIntegerField(default=0)
    """Turns in a row that ended with an error of the provider; the next one waits the longer."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["batch", "-id"], name="trials_of_a_batch")]

    def __str__(self) -> str:
        return f"trial of {self.batch}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None


class AnswerState(models.TextChoices):
    PLANNED = "planned", "Waiting"
    SENDING = "sending", "Asking"  # the intent is on record; what became of it is not
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


OPEN = (AnswerState.PLANNED, AnswerState.SENDING)
LOST = "Its reply was lost; it may have been billed. It is not asked again by itself."


class TrialAnswer(models.Model):
    """One row asked with one variant. The request is kept as it was sent, so that it never depends on the draft."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="answers")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+", db_index=False)
    row = models.PositiveBigIntegerField()
    variant = models.PositiveSmallIntegerField()
    """Index in the trial's variants."""
    model = models.CharField(max_length=100)
    mark = models.CharField(max_length=20)
    """Of prompt, model and parameters together: rows with the same mark teach about the same prompt."""
    state = models.CharField(max_length=10, choices=AnswerState.choices, default=AnswerState.PLANNED)
    request = models.BinaryField()
    """The body of the chat completion: zlib-compressed JSON."""
    sha256 = models.CharField(max_length=64)
    """Of that body, which holds no id: the same prompt is what gives the same bytes."""
    characters = models.PositiveIntegerField(default=0)
    """Of all messages: what tokens are learnt from."""
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    answer = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    error = models.TextField(blank=True)
    misfit = models.CharField(max_length=300, blank=True)
    fields: models.JSONField[dict[str, str] | None] = models.JSONField(null=True, blank=True)
    """Cells of the shape that was asked for; null where it was text."""
    finish_reason = models.CharField(max_length=40, blank=True)
    answered_by = models.CharField(max_length=100, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_ticks = models.PositiveBigIntegerField(default=0)
    """What was billed for it; 0 of a repetition, see `source`."""
    raw = models.BinaryField(null=True, blank=True)
    """The completion as it came: zlib-compressed JSON."""
    kept = models.BooleanField(default=True)
    """Its row is not sent again when the batch is submitted with the same prompt."""
    source = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    """The answer that is shown again here, as the very same was asked before: nothing was sent or paid."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "row", "variant"], name="one_answer_per_variant")]
        indexes = [models.Index(fields=["batch", "row", "sha256"], name="tried_by_content")]

    def __str__(self) -> str:
        return f"row {self.row}, variant {self.variant}"

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads(zlib.decompress(self.request))
        return body

    @property
    def completion(self) -> dict[str, Any]:
        """What came, or {}."""
        found: dict[str, Any] = orjson.loads(zlib.decompress(self.raw)) if self.raw else {}
        return found

    @property
    def completion_text(self) -> str:
        return orjson.dumps(self.completion, option=orjson.OPT_INDENT_2).decode()

    @property
    def output_tokens(self) -> int:
        return self.completion_tokens + self.reasoning_tokens

    @property
    def paid_ticks(self) -> int:
        """What was billed for this answer, now or when it was asked first."""
        return self.source.cost_ticks if self.source else self.cost_ticks
