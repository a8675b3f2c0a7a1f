"""Trials: a few rows of a draft, asked right away at list price."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
from django.db import models
from django.utils import timezone

from batchsite.batches.answer_flaws import WARNINGS
from batchsite.batches.models import Batch
from batchsite.batches.tool_use import ToolUse
from batchsite.processes.models import Work
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import ProviderKey, User
from batchsite.xai.bodies import Message, texts_in
from batchsite.xai.wire_json import encode_json


class Trial(Work):
    """One press of Try: some rows of a draft, and up to three variants of its prompt."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="trials")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    account = models.CharField(max_length=12, choices=AccountKind.choices)
    key = models.ForeignKey(ProviderKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    provider_team = models.CharField(max_length=100, blank=True)
    """The xAI team whose key asked for the deferred answers; only its keys can read them (facts 1.1)."""
    rows: models.JSONField[list[int]] = models.JSONField()
    variants: models.JSONField[list[dict[str, str]]] = models.JSONField()
    """[{"prompt", "system_prompt", "model"}] as they were when Try was pressed, the draft's own first."""
    shape: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """The answer shape of the draft at that time; answers are checked against it."""
    held_reason = models.TextField(blank=True)
    """A sentence, while the trial waits for credits, a key or a person; it resumes when the cause is gone."""
    faults = models.PositiveSmallIntegerField(default=0)
    """Consecutive steps that ended with an error of the provider; the pause grows with them."""
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
    SENDING = "sending", "Asking"  # the intent is stored, the outcome is not
    RUNNING = "running", "Being answered"  # xAI took it as a deferred completion, and its id is known
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


OPEN = (AnswerState.PLANNED, AnswerState.SENDING, AnswerState.RUNNING)
LOST = "The reply was lost; it may have been billed. It won’t be requested again automatically."
ANSWER_LOST = (
    "Paid, and the answer was lost in transit: xAI gives a deferred answer once only, and does not have it any more. "
    "It won’t be requested again automatically."
)
NOT_READ = "xAI had not answered within 24 hours, and keeps no answer for longer. It may still be billed."


class TrialAnswer(models.Model):
    """One row asked with one variant. The request is stored as sent, so it does not depend on the draft."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="answers")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+", db_index=False)
    row = models.PositiveBigIntegerField()
    variant = models.PositiveSmallIntegerField()
    """Index in the trial's variants."""
    model = models.CharField(max_length=100)
    mark = models.CharField(max_length=20)
    """Fingerprint of prompt, model and parameters (pricing.lessons): equal ones teach about the same prompt."""
    state = models.CharField(max_length=10, choices=AnswerState.choices, default=AnswerState.PLANNED)
    request = models.BinaryField()
    """The body of the call: zlib-compressed JSON."""
    sha256 = models.CharField(max_length=64)
    """Hash of that body. It holds no request id, so equal prompts have equal hashes."""
    characters = models.PositiveIntegerField(default=0)
    """Characters of all messages; tokens are learned from them."""
    sent_at = models.DateTimeField(null=True, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    """xAI's name of a deferred completion; its answer can be read once."""
    look_at = models.DateTimeField(null=True, blank=True)
    """When to ask for that answer."""
    missed_at = models.DateTimeField(null=True, blank=True)
    """When xAI first did not know it any more; only a second look, later, makes its answer count as gone."""
    answered_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    answer = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    error = models.TextField(blank=True)
    misfit = models.CharField(max_length=300, blank=True)
    fields: models.JSONField[dict[str, str] | None] = models.JSONField(null=True, blank=True)
    """Cells of the answer shape; null for text."""
    finish_reason = models.CharField(max_length=40, blank=True)
    flaw = models.CharField(max_length=40, blank=True)
    """What is wrong with an answer that came (batches.answer_flaws); blank if nothing is, or none came."""
    answered_by = models.CharField(max_length=100, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_ticks = models.PositiveBigIntegerField(default=0)
    """What was billed for this answer; 0 if it repeats `source`."""
    tool_use: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """As in a Result."""
    raw = models.BinaryField(null=True, blank=True)
    """The completion as received: zlib-compressed JSON."""
    kept = models.BooleanField(default=True)
    """Whether the row is left out when the batch is submitted with the same prompt."""
    source = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    """The earlier answer to the same request that is shown here again; nothing was sent or paid."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "row", "variant"], name="one_answer_per_variant")]
        indexes = [models.Index(fields=["batch", "row", "sha256"], name="tried_by_content")]

    def __str__(self) -> str:
        return f"row {self.row}, variant {self.variant}"

    @property
    def warning(self) -> str:
        """What is wrong with the answer, as a sentence; "" if nothing is."""
        return WARNINGS.get(self.flaw, "")

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads(zlib.decompress(self.request))
        return body

    @property
    def messages(self) -> list[Message]:
        """The messages that were sent, as texts."""
        return texts_in(self.body)

    @property
    def tools(self) -> ToolUse:
        return ToolUse.of(self.tool_use)

    @property
    def completion(self) -> dict[str, Any]:
        """The completion as received, {} if there is none."""
        completion: dict[str, Any] = orjson.loads(zlib.decompress(self.raw)) if self.raw else {}
        return completion

    @property
    def completion_text(self) -> str:
        return encode_json(self.completion, indent=True).decode()

    @property
    def output_tokens(self) -> int:
        return self.completion_tokens + self.reasoning_tokens
