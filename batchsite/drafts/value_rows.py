"""The rows of a draft chosen by a value, such as language = German: found by a worker, then kept as row numbers.

Row numbers are what is stored and sent: they never change, whatever is searched for later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.drafts import draft_store
from batchsite.drafts.draft_edits import Basis
from batchsite.drafts.models import ValueSearch
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, enqueue, take
from batchsite.recipes.row_set import MOST_SPANS, RowSet, Span

FIND = "batchsite.drafts.tasks.find_rows"
PROGRESS_ROWS = 20_000
"""Rows between two updates of the progress, which also extend the lease."""
VALUES_OFFERED = 30
"""Values of a column that are offered while one types."""
COLUMNS_OFFERED = 6
LONGEST_OFFERED = 100
ROWS = {"row_limit", "ranges"}
"""Columns of a batch that say which rows are sent."""


def search(batch: Batch, column: str, value: str, basis: Basis) -> None:
    """Starts a search for the rows with that value, replacing an earlier one. Raises ValueError with a sentence."""
    if column not in batch.dataset.columns:
        raise ValueError("Choose a column first.")
    if not value.strip():
        raise ValueError(f"Enter the value that “{column}” should have.")
    now = timezone.now()
    begun = {"column": column, "value": value.strip(), "asked_by": basis.by, "tab": basis.tab, "next_look_at": now}
    ValueSearch.objects.filter(batch=batch).delete()
    found = ValueSearch.objects.create(batch=batch, **begun)
    if take(found, now, "long"):
        enqueue(Job(FIND, (found.pk,), "long"))


def without_earlier_rows(batch: Batch, values: dict[str, Any], basis: Basis) -> dict[str, Any]:
    """Returns what a page typed, without its rows if it has asked for a search meanwhile.

    The page has no fields for rows then: what still arrives was typed before, and would replace what is found.
    """
    if not values.keys() & ROWS or not ValueSearch.objects.filter(batch=batch, tab=basis.tab).exists():
        return values
    return {name: value for name, value in values.items() if name not in ROWS}


def clear(batch: Batch) -> None:
    """Makes the draft about all rows again. Raises draft_store.Submitted."""
    ValueSearch.objects.filter(batch=batch).delete()
    draft_store.save(batch, {"ranges": None, "row_limit": None})


def search_of(batch: Batch) -> ValueSearch | None:
    """Returns the search that the draft's rows come from, or will. None if they were chosen otherwise since."""
    found = ValueSearch.objects.filter(batch=batch).first()
    if not found or not found.ready_at or found.problem or found.count == sum(_sizes(batch)):
        return found
    batch.refresh_from_db(fields=ROWS)  # a worker may have ended the search since the batch was read
    return found if found.count == sum(_sizes(batch)) else None


def _sizes(batch: Batch) -> Iterator[int]:
    return (last - first + 1 for first, last in batch.ranges or ())


def copy(batch: Batch, draft: Batch) -> None:
    """Lets a duplicate say where its rows come from."""
    found = search_of(batch)
    if found and not found.is_looking and not found.problem:
        ValueSearch.objects.create(
            batch=draft, column=found.column, value=found.value, count=found.count, ready_at=found.ready_at
        )


def offered_values(dataset: Dataset) -> list[tuple[str, str]]:
    """Returns (value, column) of values that repeat, as the import counted them."""
    repeating = [
        column
        for column in dataset.profile.get("columns") or []
        if column.get("values") and column["distinct"] * 2 <= column["filled"]
    ]
    return [
        (value, column["name"])
        for column in repeating[:COLUMNS_OFFERED]
        for value, _ in column["values"][:VALUES_OFFERED]
        if len(value) <= LONGEST_OFFERED
    ]


# ---- the worker's part ------------------------------------------------------------------------------------


def find_step(search_id: int) -> None:
    """Goes through all rows from the first. Raises Busy, LeaseLost. A step that is killed begins again."""
    with claimed(ValueSearch, search_id) as claim:
        found = ValueSearch.objects.select_related("batch__dataset", "asked_by").get(pk=claim.pk)
        if not found.is_looking:
            return
        end_in_words(
            claim,
            lambda: _find(claim, found),
            lambda reason: _end(claim, problem=f"The search {reason}. Choose the rows by their numbers instead."),
        )


def _find(claim: Claim[ValueSearch], found: ValueSearch) -> None:
    try:
        rows = _rows_with(claim, found)
    except ValueError as error:
        _end(claim, problem=str(error))
    else:
        _take(claim, found, rows)


def _rows_with(claim: Claim[ValueSearch], found: ValueSearch) -> RowSet:
    dataset, spans = found.batch.dataset, list[Span]()
    place = dataset.columns.index(found.column)
    for number, cells in dataset.rows():
        if cells[place].strip() == found.value:
            if spans and spans[-1][1] == number - 1:
                spans[-1] = (spans[-1][0], number)
            else:
                spans.append((number, number))
        if len(spans) > MOST_SPANS:
            raise ValueError(
                f"The rows with “{found.value}” are scattered over more than {MOST_SPANS:,} places. Sort the file by "
                f"“{found.column}” and upload it again, or choose another value."
            )
        if number % PROGRESS_ROWS == 0:
            claim.extend()
            ValueSearch.objects.filter(pk=claim.pk).update(rows_done=number)
    if not spans:
        raise ValueError(f"No row has “{found.value}” in the column “{found.column}”.{_meant(found)}")
    return RowSet(spans)


def _meant(found: ValueSearch) -> str:
    """Returns a sentence with the value that differs only in its case, if the column has one."""
    typed = found.value.casefold()
    known = [value for value, column in offered_values(found.batch.dataset) if column == found.column]
    similar = next((value for value in known if value.strip().casefold() == typed), "")
    return f" Did you mean “{similar}”?" if similar else ""


def _take(claim: Claim[ValueSearch], found: ValueSearch, rows: RowSet) -> None:
    """Makes them the draft's rows, unless it was submitted or the search was dropped meanwhile."""
    with claim.locked():
        try:
            basis = Basis(None, found.tab, found.asked_by)
            draft_store.save(found.batch, {"ranges": rows.as_lists(), "row_limit": None}, basis)
        except draft_store.Submitted:
            return
        ValueSearch.objects.filter(pk=claim.pk).update(ready_at=timezone.now(), count=len(rows))


def _end(claim: Claim[ValueSearch], problem: str) -> None:
    with claim.locked():
        ValueSearch.objects.filter(pk=claim.pk).update(ready_at=timezone.now(), problem=problem)
