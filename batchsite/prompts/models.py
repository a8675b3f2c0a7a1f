"""Prompts that a team has saved: a name, and versions that never change."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from batchsite.teams.models import Team, User
from batchsite.teams.retained import Retained


class Prompt(Retained):
    """A saved prompt. Its contents are in its versions; the newest is offered first."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="prompts")
    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Hidden since then; batches keep the version that they ran."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"], condition=models.Q(deleted_at=None), name="one_prompt_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PromptVersion(models.Model):
    """The contents of a prompt at one time. The fields are those of a Batch; numbers start at 1."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    comment = models.CharField(max_length=200, blank=True)

    system_prompt = models.TextField(blank=True)
    text = models.TextField()
    """The prompt itself, with `{{column}}` placeholders."""
    examples: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list, blank=True)
    shape: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    model = models.CharField(max_length=100, blank=True)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.prompt}, version {self.number}"
