"""Which rows of a newer dataset are not in an older one: found by a worker, in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator

from django.utils import timezone

from batchsite.batches.models import ROWS_AT_ONCE, Renewal
from batchsite.datasets.models import Dataset
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim, claimed
from batchsite.recipes.row_set import MOST_SPANS, RowSet

PROGRESS_ROWS = 20_000
"""Rows between two progress updates, which also extend the lease."""
Beat = Callable[[int], None]


def rows_fingerprint(older: Dataset, newer: Dataset) -> str:
    """Returns a fingerprint that changes when one of the datasets is read again."""
    first_blocks = [data.blocks.order_by("first").values_list("pk", flat=True).first() for data in (older, newer)]
    return " ".join(map(str, first_blocks))


def new_rows(older: Dataset, newer: Dataset, beat: Beat = lambda _: None) -> RowSet:
    """Returns the rows of `newer` that `older` does not have, compared by the columns that both have.

    Raises ValueError, with a sentence, if they share no column or the new rows form too many ranges.
    """
    shared = sorted(set(newer.columns) & set(older.columns))
    if not shared:
        raise ValueError(f"“{newer}” and “{older}” have no column in common.")
    parts, looked = _parts(older.row_count), 0
    is_new = bytearray(newer.row_count + 1)
    for part in range(parts):
        known = array("q")
        for _, digest in _row_hashes(older, shared):
            looked += 1
            if digest % parts == part:
                known.append(digest)
            if looked % PROGRESS_ROWS == 0:
                beat(looked)
        known = array("q", sorted(known))
        for number, digest in _row_hashes(newer, shared):
            looked += 1
            if digest % parts == part and not _holds(known, digest):
                is_new[number] = 1
            if looked % PROGRESS_ROWS == 0:
                beat(looked)
    return _as_rows(is_new)


def _parts(rows: int) -> int:
    return max(1, -(-rows // ROWS_AT_ONCE))


def _row_hashes(dataset: Dataset, columns: list[str]) -> Iterator[tuple[int, int]]:
    """Yields (number, 64-bit hash of the cells) of every row; hashes are comparable within this process only."""
    places = [dataset.columns.index(name) for name in columns]
    for number, cells in dataset.rows():
        yield number, hash(tuple([cells[place] for place in places]))


def _holds(ordered: array[int], digest: int) -> bool:
    place = bisect_left(ordered, digest)
    return place < len(ordered) and ordered[place] == digest


def _as_rows(flags: bytearray) -> RowSet:
    spans: list[tuple[int, int]] = []
    first = flags.find(1)
    while first >= 0:
        end = flags.find(0, first)
        last = (end if end >= 0 else len(flags)) - 1
        spans.append((first, last))
        if len(spans) > MOST_SPANS:
            raise ValueError(
                f"The new rows are scattered over more than {MOST_SPANS:,} places. "
                "Sort the file so that new rows are together, or run all of its rows."
            )
        first = flags.find(1, last + 1)
    return RowSet(spans)


def renew_step(renewal_id: int) -> None:
    """Runs the search from the beginning. Raises Busy, LeaseLost."""
    with claimed(Renewal, renewal_id) as claim:
        renewal = Renewal.objects.select_related("batch__dataset", "dataset").get(pk=claim.pk)
        if not renewal.is_looking:
            return

        def beat(rows: int) -> None:
            claim.extend()
            Renewal.objects.filter(pk=claim.pk).update(rows_done=rows)

        def find() -> None:
            try:
                found = new_rows(renewal.batch.dataset, renewal.dataset, beat)
            except ValueError as error:
                _end(claim, renewal, problem=str(error))
            else:
                _end(claim, renewal, ranges=found.as_lists(), count=len(found))

        def give_up(reason: str) -> None:
            _end(claim, renewal, problem=f"The search {reason}. Run all rows of the file instead.")

        end_in_words(claim, find, give_up)


def _end(claim: Claim[Renewal], renewal: Renewal, **values: object) -> None:
    """Stores the outcome, unless the search was started over meanwhile and so is still due."""
    with claim.locked():
        Renewal.objects.filter(pk=claim.pk, mark=renewal.mark).update(ready_at=timezone.now(), **values)
