"""What pages read. Every query starts from a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.states import RUNNING, TERMINAL, State
from batchsite.datasets.models import Dataset
from batchsite.teams.models import Team

HELD = Q(state__in=RUNNING) & ~Q(held_reason="")
SENT_BACK = Q(state=State.DRAFT, problem_count__gt=0)
INCOMPLETE = Q(state__in=[State.FAILED, State.EXPIRED]) | Q(state=State.COMPLETED, succeeded__lt=F("total"))

LATELY = timedelta(days=7)
SHOWN = 6
"""Entries of a list on the dashboard; the whole list is one click away."""


@dataclass(frozen=True)
class Dashboard:
    """What a person wants to see first."""

    needs_hand: list[Batch]
    """Held, sent back because rows cannot be sent, or ended within a week with rows that have no answer."""
    running: list[Batch]
    finished: list[Batch]
    """The other ended ones, the latest first."""
    datasets: list[Dataset]
    is_new: bool
    """The team has neither a dataset nor a batch yet."""


def batches_of(team: Team) -> QuerySet[Batch]:
    """The batches of a team that are not deleted."""
    return Batch.objects.filter(team=team, deleted_at=None)


def batch_of(team: Team, pk: int) -> Batch:
    """One batch of the team. Raises Http404."""
    found = batches_of(team).select_related("dataset", "created_by", "started_by", "team")
    return get_object_or_404(found, pk=pk)


def running_count(team: Team) -> int:
    return batches_of(team).filter(state__in=RUNNING).count()


def dashboard(team: Team) -> Dashboard:
    mine = batches_of(team).select_related("dataset", "started_by").order_by("-pk")
    held = mine.filter(HELD)
    sent_back = mine.filter(SENT_BACK)
    ended = mine.filter(state__in=TERMINAL).order_by("-ended_at", "-pk")
    in_trouble = INCOMPLETE & Q(ended_at__gt=timezone.now() - LATELY)
    datasets = list(Dataset.objects.filter(team=team, deleted_at=None).order_by("-created_at", "-pk")[:SHOWN])
    return Dashboard(
        needs_hand=[*held[:SHOWN], *sent_back[:SHOWN], *ended.filter(in_trouble)[:SHOWN]],
        running=list(mine.filter(state__in=RUNNING, held_reason="")[:SHOWN]),
        finished=list(ended.exclude(in_trouble)[:SHOWN]),
        datasets=datasets,
        is_new=not datasets and not mine.exists(),
    )


# ---- the list of batches ---------------------------------------------------------------------------

PAGE = 30
"""Batches on a page of the list."""

FILTERS: dict[str, tuple[str, Q]] = {
    "running": ("Running", Q(state__in=RUNNING)),
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
    after: int | None = None,
    before: int | None = None,
) -> Listing:
    """A page of the team's batches; `after` and `before` are the ids next to which it begins or ends."""
    found = batches_of(team).select_related("dataset", "created_by", "started_by")
    found = found.filter(name__icontains=search) if search else found
    found = found.filter(FILTERS[only][1]) if only in FILTERS else found
    found = found.filter(created_by=person) if person else found
    if before is not None:
        page = list(found.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
        more, page = len(page) > PAGE, page[:PAGE][::-1]
        return Listing(page, page[0].pk if page and more else None, page[-1].pk if page else None)
    page = list(found.filter(pk__lt=after).order_by("-pk")[: PAGE + 1] if after else found.order_by("-pk")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    return Listing(page, page[0].pk if page and after else None, page[-1].pk if more else None)


def listed(team: Team, pks: Sequence[int]) -> Listing:
    """Those batches of a page that is shown already: they stay where they are, whatever became of them."""
    found = batches_of(team).select_related("dataset", "created_by", "started_by")
    return Listing(list(found.filter(pk__in=pks[:PAGE]).order_by("-pk")))
