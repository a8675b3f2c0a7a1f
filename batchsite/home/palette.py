"""Going anywhere by name: pages and actions, and the team's batches, datasets and prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Model, QuerySet
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.batches.queries import batches_of
from batchsite.datasets.dataset_queries import datasets_of
from batchsite.prompts.prompt_queries import prompts_of
from batchsite.teams.access import Permissions
from batchsite.teams.models import Team

MOST = 6
"""Most entries of a kind."""
LONGEST = 100
"""Characters of a search."""


@dataclass(frozen=True)
class PalettePlace:
    """Somewhere to go."""

    label: str
    url: str
    detail: str = ""


@dataclass(frozen=True)
class Group:
    """Places of one kind."""

    title: str
    places: Sequence[PalettePlace]


PAGES = (
    ("New batch", "batch-new", "run a prompt on a dataset"),
    ("Upload a dataset", "dataset-upload", "import a file"),
    ("Dashboard", "home", "running batches and what needs attention"),
    ("Batches", "batches", ""),
    ("Datasets", "datasets", ""),
    ("Prompts", "prompts", ""),
    ("Ask once", "asks", "one prompt, without a dataset"),
    ("xAI account", "provider", "every batch at xAI"),
    ("Team", "team", "people, key, budget"),
    ("Your account", "account", "password and sessions"),
    ("Help", "help", "keys and what the words mean"),
)
"""(label, name of the address, detail)."""


def found_by(team: Team, may: Permissions, words: str) -> list[Group]:
    """Returns what matches the words, by kind; without words, pages that the person may open and the newest things."""
    words = words[:LONGEST]
    groups = (
        Group("Pages and actions", _pages(may, words)),
        Group("Batches", [*_batch_by_number(team, words), *_batches(team, words)][:MOST]),
        Group("Datasets", _named(datasets_of(team), words, "dataset")),
        Group("Prompts", _named(prompts_of(team), words, "prompt") if words else ()),
    )
    return [group for group in groups if group.places]


def _pages(may: Permissions, words: str) -> list[PalettePlace]:
    pages = [PalettePlace(label, reverse(name), detail) for label, name, detail in PAGES if name in may]
    return [page for page in pages if words.casefold() in f"{page.label} {page.detail}".casefold()]


def _batch_by_number(team: Team, words: str) -> list[PalettePlace]:
    is_number = words.isascii() and words.isdecimal() and len(words) <= 12
    return [_place_of(batch) for batch in batches_of(team).filter(pk=int(words))] if is_number else []


def _batches(team: Team, words: str) -> list[PalettePlace]:
    batches = batches_of(team).filter(name__icontains=words) if words else batches_of(team)
    return [_place_of(batch) for batch in batches.order_by("-pk")[:MOST]]


def _place_of(batch: Batch) -> PalettePlace:
    state = "Held" if batch.held_reason and batch.is_running else batch.label
    return PalettePlace(batch.name, reverse("batch", args=[batch.pk]), f"{state}, number {batch.pk}")


def _named(records: QuerySet[Model], words: str, address: str) -> list[PalettePlace]:
    records = records.filter(name__icontains=words) if words else records
    return [PalettePlace(str(record), reverse(address, args=[record.pk])) for record in records.order_by("-pk")[:MOST]]
