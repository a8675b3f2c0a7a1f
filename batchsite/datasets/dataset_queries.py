"""What the pages of datasets show, read in few queries and by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from batchsite.datasets import file_details
from batchsite.datasets.models import Dataset, DatasetState, Row
from batchsite.teams.models import Team, User

PAGE = 50
SHOWN_BATCHES = 10
ROWS = 50
MOST_SHOWN = 2_000
"""Characters of a cell in the table of rows; the page of one row shows more."""
MOST_OF_A_CELL = 200_000


@dataclass(frozen=True)
class Listing:
    """A page of the list, the newest first, and the keys of the pages beside it."""

    datasets: list[Dataset]
    newer: int | None = None
    older: int | None = None

    @property
    def is_live(self) -> bool:
        return any(dataset.state == DatasetState.IMPORTING for dataset in self.datasets)


@dataclass(frozen=True)
class RowPage:
    """Some rows, and the numbers that the pages beside begin with."""

    rows: list[tuple[int, Row]]
    previous: int | None
    next: int | None

    @property
    def first(self) -> int:
        return self.rows[0][0] if self.rows else 0

    @property
    def last(self) -> int:
        return self.rows[-1][0] if self.rows else 0


def datasets_of(team: Team) -> QuerySet[Dataset]:
    """All that the team may see: nothing of others, nothing deleted."""
    heavy = ("problems", "questions", "answers", "understood", "profile")
    return Dataset.objects.filter(team=team, deleted_at=None).select_related("created_by", "team").defer(*heavy)


def listing(team: Team, search: str = "", after: int | None = None, before: int | None = None) -> Listing:
    """A page of the team's datasets; `after` and `before` are the ids next to which it begins or ends."""
    found = _in_lists(team)
    found = found.filter(name__icontains=search) if search else found
    if before is not None:
        page = list(found.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
        more, page = len(page) > PAGE, page[:PAGE][::-1]
        return Listing(page, page[0].pk if page and more else None, page[-1].pk if page else None)
    page = list((found.filter(pk__lt=after) if after else found).order_by("-pk")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    return Listing(page, page[0].pk if page and after else None, page[-1].pk if more else None)


def _in_lists(team: Team) -> QuerySet[Dataset]:
    """With `is_replaced`: whether a newer version of the table has come."""
    newer = Dataset.objects.filter(replaces=OuterRef("pk"), deleted_at=None)
    return datasets_of(team).annotate(is_replaced=Exists(newer))


def listed(team: Team, pks: Sequence[int]) -> Listing:
    """Those datasets of a page that is shown already: they stay where they are, whatever became of them."""
    return Listing(list(_in_lists(team).filter(pk__in=pks[:PAGE]).order_by("-pk")))


@dataclass(frozen=True)
class Versions:
    """The dataset that one replaces, and those that replace it, the newest first; none that is deleted."""

    before: Dataset | None
    after: list[Dataset]


def versions(dataset: Dataset) -> Versions:
    mine = datasets_of(dataset.team)
    before = mine.filter(pk=dataset.replaces_id).first() if dataset.replaces_id else None
    return Versions(before, list(mine.filter(replaces=dataset).order_by("-pk")[:SHOWN_BATCHES]))


def answers_before(dataset: Dataset) -> dict[str, str]:
    """What was answered for the version before: the same question most likely has the same answer."""
    before = versions(dataset).before
    return {**(before.given if before else {}), **dataset.given}


def decisions(dataset: Dataset) -> list[tuple[file_details.Decision, User | None]]:
    """What people decided about how the file is read, and who."""
    found = file_details.decisions(dataset)
    people = User.objects.in_bulk({one.by for one in found if one.by})
    return [(one, people.get(one.by or 0)) for one in found]


def row_page(dataset: Dataset, first: int) -> RowPage:
    """Rows from number `first` on, or the last ones where that lies behind the end."""
    first = max(1, min(first, dataset.row_count))
    last = min(first + ROWS - 1, dataset.row_count)
    rows = [(number, [cell[:MOST_SHOWN] for cell in cells]) for number, cells in dataset.rows(first, last)]
    return RowPage(rows, max(1, first - ROWS) if first > 1 else None, last + 1 if last < dataset.row_count else None)


def row_cells(dataset: Dataset, number: int) -> list[tuple[str, str]] | None:
    """(column, cell) of one row; None where the dataset has no such row."""
    if not 1 <= number <= dataset.row_count:
        return None
    return list(zip(dataset.columns, (cell[:MOST_OF_A_CELL] for cell in dataset.row(number)), strict=True))
