"""What pages read of kept prompts. Every query starts from a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.shortcuts import get_object_or_404

from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.teams.models import Team

PAGE = 50
OFFERED = 100
"""Prompts that a draft offers to use; the page of all prompts has the rest."""
BATCHES_SHOWN = 10


def prompts_of(team: Team) -> QuerySet[Prompt]:
    """The team's prompts with their newest version: `latest` (number), `text`, `version_pk`, `changed_at`."""
    newest = PromptVersion.objects.filter(prompt=OuterRef("pk")).order_by("-number")
    return Prompt.objects.filter(team=team, deleted_at=None).annotate(
        latest=Max("versions__number"),
        changed_at=Max("versions__created_at"),
        text=Subquery(newest.values("text")[:1]),
        version_pk=Subquery(newest.values("pk")[:1]),
    )


def prompt_of(team: Team, pk: int) -> Prompt:
    """Raises Http404."""
    return get_object_or_404(prompts_of(team).select_related("created_by"), pk=pk)


def version_of(team: Team, pk: int) -> PromptVersion:
    """A version of a prompt that the team has. Raises Http404."""
    return get_object_or_404(PromptVersion, pk=pk, prompt__team=team, prompt__deleted_at=None)


def versions_of(prompt: Prompt) -> list[PromptVersion]:
    """The newest first, each with `runs`: the batches that were submitted with it."""
    submitted = Q(batches__deleted_at=None, batches__started_at__isnull=False)
    found = prompt.versions.select_related("created_by").annotate(runs=Count("batches", filter=submitted))
    return list(found.order_by("-number"))


@dataclass(frozen=True)
class Listing:
    """A page of the list by name, and where the next one begins."""

    prompts: Sequence[Prompt]
    after: str


def listing(team: Team, search: str = "", after: str = "") -> Listing:
    """A page of the team's prompts by name; `after` is the name that it begins behind."""
    found = prompts_of(team).select_related("created_by").order_by("name")
    found = found.filter(name__icontains=search) if search else found
    page = list((found.filter(name__gt=after) if after else found)[: PAGE + 1])
    return Listing(page[:PAGE], page[PAGE - 1].name if len(page) > PAGE else "")


def offered(team: Team) -> list[Prompt]:
    """What a draft offers to use: what was changed last first."""
    return list(prompts_of(team).order_by(F("changed_at").desc())[:OFFERED])
