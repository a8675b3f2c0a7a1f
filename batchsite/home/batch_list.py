"""The list of batches with its filters, a page at a time, by key. Every query starts from a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from batchsite.batches.models import Batch
from batchsite.batches.queries import HELD, INCOMPLETE, IS_RUNNING, SENT_BACK, in_lists
from batchsite.batches.states import TERMINAL, State
from batchsite.teams.models import Team

SHOWN = 6
"""Most entries of a list on the dashboard; the whole list is one click away."""
PAGE = 30
"""Batches on a page of the list."""
FILTERS: dict[str, tuple[str, Q]] = {
    "running": ("Running", IS_RUNNING),
    "look": ("Needs attention", HELD | SENT_BACK | INCOMPLETE),
    "done": ("Done", Q(state__in=TERMINAL)),
    "drafts": ("Drafts", Q(state=State.DRAFT)),
}
"""The filters of the list: {name in the address: (label, condition)}."""


@dataclass(frozen=True)
class BatchListing:
    """A page of the list, newest first, and the keys of the pages beside it."""

    batches: list[Batch]
    newer: int | None = None
    older: int | None = None

    @property
    def is_live(self) -> bool:
        return any(batch.is_running for batch in self.batches)


def listing(
    team: Team,
    *,
    search: str = "",
    only: str = "",
    person: int | None = None,
    tag: str = "",
    after: int | None = None,
    before: int | None = None,
) -> BatchListing:
    """Returns a page of the team's batches; `after` and `before` are the ids next to which it begins or ends."""
    batches = in_lists(team)
    batches = batches.filter(name__icontains=search) if search else batches
    batches = batches.filter(FILTERS[only][1]) if only in FILTERS else batches
    batches = batches.filter(created_by=person) if person else batches
    batches = batches.filter(taggings__tag=tag) if tag else batches
    if before is not None:
        page = list(batches.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
        more, page = len(page) > PAGE, page[:PAGE][::-1]
        return BatchListing(page, page[0].pk if page and more else None, page[-1].pk if page else None)
    page = list(
        batches.filter(pk__lt=after).order_by("-pk")[: PAGE + 1] if after else batches.order_by("-pk")[: PAGE + 1]
    )
    more, page = len(page) > PAGE, page[:PAGE]
    return BatchListing(page, page[0].pk if page and after else None, page[-1].pk if more else None)


def page_again(team: Team, pks: Sequence[int]) -> BatchListing:
    """Returns the same batches again, in place, for a page that is already shown."""
    return BatchListing(list(in_lists(team).filter(pk__in=pks[:PAGE]).order_by("-pk")))
