"""Asks: one prompt without a dataset, asked once as a deferred completion (facts 5)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from batchsite.batches.answer_flaws import WARNINGS
from batchsite.processes.models import Work
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.retained import Retained


class AskState(models.TextChoices):
    PLANNED = "planned", "Waiting"
    SENDING = "sending", "Asking"  # the intent is on record; whether xAI took it is not
    RUNNING = "running", "Being answered"
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    LOST = "lost", "Lost"


class Ask(Retained, Work):
    """One prompt and its answer. What is sent does not change; asking again is another ask."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="asks", db_index=False)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    account = models.CharField(max_length=12, choices=AccountKind.choices)
    key = models.ForeignKey(ProviderKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    model = models.CharField(max_length=100)
    system_prompt = models.TextField(blank=True)
    prompt = models.TextField()
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=AskState.choices, default=AskState.PLANNED)
    request_id = models.CharField(max_length=200, blank=True)
    """xAI's name of the completion; its answer can be read once."""
    provider_team = models.CharField(max_length=100, blank=True)
    """The xAI team whose key asked; only its keys can read the answer (facts 1.1)."""
    sent_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    """When xAI first did not know it any more; only a second look, later, makes its answer count as gone."""
    ended_at = models.DateTimeField(null=True, blank=True)
    held_reason = models.TextField(blank=True)
    """A sentence, while it waits for credits or a key; nothing was sent."""
    faults = models.PositiveSmallIntegerField(default=0)
    """Steps in a row that met an error; the pause grows with them."""
    error = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    flaw = models.CharField(max_length=40, blank=True)
    """What is wrong with an answer that came (batches.answer_flaws); blank if nothing is, or none came."""
    answered_by = models.CharField(max_length=100, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_ticks = models.PositiveBigIntegerField(default=0)
    raw = models.BinaryField(null=True, blank=True)
    """The completion as received: zlib-compressed JSON."""

    class Meta:
        indexes = [models.Index(fields=["team", "-id"], name="asks_of_a_team")]

    def __str__(self) -> str:
        return self.prompt[:80]

    @property
    def warning(self) -> str:
        """What is wrong with the answer, as a sentence; "" if nothing is."""
        return WARNINGS.get(self.flaw, "")

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    @property
    def tone(self) -> str:
        """Class of the stylesheet."""
        tones = {AskState.ANSWERED: "good", AskState.FAILED: "bad", AskState.LOST: "warn"}
        return "warn" if self.held_reason else tones.get(AskState(self.state), "live")
