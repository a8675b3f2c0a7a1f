"""The list of batches with its filters, a page at a time, by key. Every query starts from a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q
from django.db.models.functions import Lower

from batchsite.batches.models import Batch
from batchsite.batches.queries import HELD, INCOMPLETE, IS_RUNNING, SENT_BACK, batches_of, in_lists
from batchsite.batches.states import TERMINAL, State
from batchsite.key_pages import SortKey, page_by_key
from batchsite.teams.models import Team

SHOWN = 6
"""Most entries of a list on the dashboard; the whole list is one click away."""
PAGE = 30
"""Batches on a page of the list."""
ARCHIVED = "archived"
FILTERS: dict[str, tuple[str, Q]] = {
    "running": ("Running", IS_RUNNING),
    "look": ("Needs attention", HELD | SENT_BACK | INCOMPLETE),
    "done": ("Done", Q(state__in=TERMINAL)),
    "drafts": ("Drafts", Q(state=State.DRAFT)),
    ARCHIVED: ("Archived", Q()),
}
"""The filters of the list: {name in the address: (label, condition)}."""


SORTS = {
    "name": SortKey(Lower("name")),
    "rows": SortKey(F("total"), "-"),
    "cost": SortKey(F("cost_ticks"), "-"),
    "when": SortKey(F("pk"), "-"),
}
"""By when a batch was made is by its id."""
NEWEST = "-when"


@dataclass(frozen=True)
class BatchListing:
    """A page of the list, and the ids next to which the pages beside it end and begin."""

    batches: Sequence[Batch]
    previous: int | None = None
    next: int | None = None

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
    sort: str = "",
    after: int | None = None,
    before: int | None = None,
) -> BatchListing:
    """Returns a page of the team's batches; `after` and `before` are the ids next to which it begins or ends."""
    batches = in_lists(team).filter(archived_at__isnull=only != ARCHIVED)
    batches = batches.filter(name__icontains=search) if search else batches
    batches = batches.filter(FILTERS[only][1]) if only in FILTERS else batches
    batches = batches.filter(created_by=person) if person else batches
    batches = batches.filter(taggings__tag=tag) if tag else batches
    page = page_by_key(batches, batches_of(team), SORTS, sort or NEWEST, size=PAGE, after=after, before=before)
    return BatchListing(page.records, page.previous, page.next)


def page_again(team: Team, pks: Sequence[int]) -> BatchListing:
    """Returns the same batches again, in their order, for a page that is already shown."""
    known = in_lists(team).in_bulk(pks[:PAGE])
    return BatchListing([known[pk] for pk in pks if pk in known])
