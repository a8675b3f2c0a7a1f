"""Queries for saved prompts. Every query starts from a team."""

from __future__ import annotations

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.shortcuts import get_object_or_404

from batchsite.key_pages import KeyPage, SortKey, page_by_key
from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.teams.models import Team

PAGE = 50
OFFERED = 100
"""Most prompts that a draft offers; the page of all prompts has the rest."""
BATCHES_SHOWN = 10


def prompts_of(team: Team) -> QuerySet[Prompt]:
    """Returns prompts annotated with their newest version: `latest` (number), `text`, `version_pk`, `changed_at`."""
    newest = PromptVersion.objects.filter(prompt=OuterRef("pk")).order_by("-number")
    return Prompt.objects.filter(team=team, deleted_at=None).annotate(
        latest=Max("versions__number"),
        changed_at=Max("versions__created_at"),
        text=Subquery(newest.values("text")[:1]),
        version_pk=Subquery(newest.values("pk")[:1]),
    )


def prompt_of(team: Team, pk: int) -> Prompt:
    """Returns a prompt of the team. Raises Http404."""
    return get_object_or_404(prompts_of(team).select_related("created_by"), pk=pk)


def version_of(team: Team, pk: int) -> PromptVersion:
    """Returns a version of a prompt of the team. Raises Http404."""
    return get_object_or_404(PromptVersion, pk=pk, prompt__team=team, prompt__deleted_at=None)


def versions_of(prompt: Prompt) -> list[PromptVersion]:
    """Returns versions, newest first, annotated with `runs`: the number of batches submitted with it."""
    submitted = Q(batches__deleted_at=None, batches__started_at__isnull=False)
    versions = prompt.versions.select_related("created_by").annotate(runs=Count("batches", filter=submitted))
    return list(versions.order_by("-number"))


SORTS = {"name": SortKey(F("name")), "created": SortKey(F("pk"), "-")}
"""By when a prompt was saved first is by its id."""


def listing(
    team: Team,
    search: str = "",
    *,
    person: int | None = None,
    sort: str = "",
    after: int | None = None,
    before: int | None = None,
) -> KeyPage[Prompt]:
    """Returns a page of the team's prompts, by name unless asked otherwise."""
    matching = prompts_of(team).select_related("created_by")
    matching = matching.filter(name__icontains=search) if search else matching
    matching = matching.filter(created_by=person) if person else matching
    anchors = Prompt.objects.filter(team=team)
    return page_by_key(matching, anchors, SORTS, sort or "name", size=PAGE, after=after, before=before)


def offered(team: Team) -> list[Prompt]:
    """Returns the prompts that a draft offers, last changed first."""
    return list(prompts_of(team).order_by(F("changed_at").desc())[:OFFERED])
