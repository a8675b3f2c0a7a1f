"""Saved prompts: save a version, rename, delete. Each is one short transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.teams.models import Team, User

SAME_PRESS = timedelta(seconds=10)


@dataclass(frozen=True)
class Contents:
    """The contents of a version; the fields are those of PromptVersion."""

    text: str
    system_prompt: str = ""
    examples: list[dict[str, str]] = field(default_factory=list)
    shape: dict[str, Any] | None = None
    model: str = ""
    params: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, version: PromptVersion) -> Contents:
        return cls(**{name: getattr(version, name) for name in cls.__dataclass_fields__})


class NameTaken(ValueError):
    """Another prompt of the team has that name; the message says so."""


def keep(team: Team, user: User | None, name: str, comment: str, contents: Contents) -> tuple[PromptVersion, bool]:
    """Saves contents as the next version of the prompt with that name. Returns (version, whether it is new).

    If the latest version says the same, it is returned: as new if the same person saved it moments ago, as a browser
    that lost the reply, or an impatient person, sends a form twice.
    """
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)  # two people may save under one name at once
        prompt, _ = Prompt.objects.get_or_create(
            team=team, name=name.strip(), deleted_at=None, defaults={"created_by": user}
        )
        last = prompt.versions.order_by("-number").first()
        if last and Contents.of(last) == contents:
            is_same_press = last.created_by == user and timezone.now() - last.created_at < SAME_PRESS
            return last, is_same_press
        number = last.number + 1 if last else 1
        values = vars(contents)
        return prompt.versions.create(number=number, created_by=user, comment=comment.strip(), **values), True


def rename(prompt: Prompt, name: str) -> None:
    """Renames a prompt. Raises NameTaken."""
    try:
        with transaction.atomic():
            Prompt.objects.filter(pk=prompt.pk).update(name=name.strip())
    except IntegrityError as error:
        raise NameTaken(f"There is already a prompt “{name.strip()}”.") from error


def delete(prompt: Prompt) -> None:
    """Hides a prompt. Batches still refer to the version that they ran."""
    Prompt.objects.filter(pk=prompt.pk).update(deleted_at=timezone.now())
