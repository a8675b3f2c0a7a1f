"""Which rows of a newer dataset were not in an older one: found by a worker, in memory that does not grow with both."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator

from django.utils import timezone

from batchsite.batches.models import ROWS_AT_ONCE, Renewal
from batchsite.datasets.models import Dataset
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.recipes.row_set import MOST_SPANS, RowSet

EVERY = 20_000
"""Rows between two notes of progress; each also extends the lease."""
Beat = Callable[[int], None]


def mark_of(older: Dataset, newer: Dataset) -> str:
    """Changes when one of them was read again: its rows are other records then."""
    return " ".join(str(one.blocks.order_by("first").values_list("pk", flat=True).first()) for one in (older, newer))


def new_rows(older: Dataset, newer: Dataset, beat: Beat = lambda _: None) -> RowSet:
    """The rows of `newer` that `older` does not have, by the cells of the columns that both have.

    Raises ValueError, in words.
    """
    shared = [name for name in newer.columns if name in older.columns]
    if not shared:
        raise ValueError(f"“{newer}” and “{older}” have no column in common.")
    parts, looked = _parts(older.row_count), 0
    is_new = bytearray(newer.row_count + 1)
    for part in range(parts):
        known = array("q")
        for _, mark in _marks(older, shared):
            looked += 1
            if mark % parts == part:
                known.append(mark)
            if looked % EVERY == 0:
                beat(looked)
        known = array("q", sorted(known))
        for number, mark in _marks(newer, shared):
            looked += 1
            if mark % parts == part and not _holds(known, mark):
                is_new[number] = 1
            if looked % EVERY == 0:
                beat(looked)
    return _as_rows(is_new)


def _parts(rows: int) -> int:
    return max(1, -(-rows // ROWS_AT_ONCE))


def _marks(dataset: Dataset, columns: list[str]) -> Iterator[tuple[int, int]]:
    """(number, mark) of every row: 64 bits that differ where the cells do, within this process."""
    places = [dataset.columns.index(name) for name in columns]
    for number, cells in dataset.rows():
        yield number, hash(tuple([cells[place] for place in places]))


def _holds(marks: array[int], mark: int) -> bool:
    place = bisect_left(marks, mark)
    return place < len(marks) and marks[place] == mark


def _as_rows(flags: bytearray) -> RowSet:
    spans: list[tuple[int, int]] = []
    first = flags.find(1)
    while first >= 0:
        end = flags.find(0, first)
        last = (end if end >= 0 else len(flags)) - 1
        spans.append((first, last))
        if len(spans) > MOST_SPANS:
            raise ValueError(
                f"The new rows lie in more than {MOST_SPANS:,} places between old ones, too many to name. "
                "Sort the file so that new rows stand together, or run all of its rows."
            )
        first = flags.find(1, last + 1)
    return RowSet(spans)


def renew_step(renewal_id: int) -> None:
    """Look, from the beginning. Raises Busy, LeaseLost."""
    with claimed(Renewal, renewal_id) as claim:
        renewal = Renewal.objects.select_related("batch__dataset", "dataset").get(pk=claim.pk)
        if not renewal.is_looking:
            return
        if claim.tries > MOST_TRIES:
            _end(claim, renewal, problem="A worker died at it again and again.")
            return

        def beat(rows: int) -> None:
            claim.extend()
            Renewal.objects.filter(pk=claim.pk).update(rows_done=rows)

        try:
            found = new_rows(renewal.batch.dataset, renewal.dataset, beat)
        except ValueError as error:
            _end(claim, renewal, problem=str(error))
        else:
            _end(claim, renewal, ranges=found.as_lists(), count=len(found))


def _end(claim: Claim[Renewal], renewal: Renewal, **values: object) -> None:
    """Write down what was found, unless it was asked for anew meanwhile: then that is still due."""
    with claim.locked():
        Renewal.objects.filter(pk=claim.pk, mark=renewal.mark).update(ready_at=timezone.now(), **values)
