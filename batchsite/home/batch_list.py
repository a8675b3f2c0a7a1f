"""The list of batches: filters, a page at a time, found by key. Every query starts from a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from batchsite.batches.models import Batch
from batchsite.batches.queries import HELD, INCOMPLETE, IS_RUNNING, SENT_BACK, in_lists
from batchsite.batches.states import TERMINAL, State
from batchsite.teams.models import Team

SHOWN = 6
"""Entries of a list on the dashboard; the whole list is one click away."""
PAGE = 30
"""Batches on a page of the list."""
FILTERS: dict[str, tuple[str, Q]] = {
    "running": ("Running", IS_RUNNING),
    "look": ("Needs a look", HELD | SENT_BACK | INCOMPLETE),
    "done": ("Done", Q(state__in=TERMINAL)),
    "drafts": ("Drafts", Q(state=State.DRAFT)),
}
"""What the list can be narrowed to: by name in the address, the label and the condition."""


@dataclass(frozen=True)
class Listing:
    """A page of the list, the newest first, and the keys of the pages beside it."""

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
) -> Listing:
    """A page of the team's batches; `after` and `before` are the ids next to which it begins or ends."""
    found = in_lists(team)
    found = found.filter(name__icontains=search) if search else found
    found = found.filter(FILTERS[only][1]) if only in FILTERS else found
    found = found.filter(created_by=person) if person else found
    found = found.filter(taggings__tag=tag) if tag else found
    if before is not None:
        page = list(found.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
        more, page = len(page) > PAGE, page[:PAGE][::-1]
        return Listing(page, page[0].pk if page and more else None, page[-1].pk if page else None)
    page = list(found.filter(pk__lt=after).order_by("-pk")[: PAGE + 1] if after else found.order_by("-pk")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    return Listing(page, page[0].pk if page and after else None, page[-1].pk if more else None)


def listed(team: Team, pks: Sequence[int]) -> Listing:
    """Those batches of a page that is shown already: they stay where they are, whatever became of them."""
    found = in_lists(team)
    return Listing(list(found.filter(pk__in=pks[:PAGE]).order_by("-pk")))
