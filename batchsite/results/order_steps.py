"""Writes down the order of many rows: a worker sorts them once a page asks for it, and again when results have come.

By cost, tokens and length every batch is sorted as it ends. Texts are sorted in a file of their own, by the same rules
on every database, so memory stays flat: sixteen bytes a row.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice

from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.outages import write_if_possible
from batchsite.processes.queue import Job, enqueue
from batchsite.results.models import OrderedPart, RowOrder
from batchsite.results.row_orders import fingerprint, is_direct, measured, packed, ranked
from batchsite.results.sort_keys import NUMBERS, sort_value, texts_of

USUAL = ("cost", "tokens", "length")
PART = 10_000
"""Rows in a part of a stored order, and rows whose texts are read at once."""
KEPT = 12
"""Most orders that are kept of a batch, besides the usual ones."""
RETRIED = timedelta(hours=1)
"""After this long, rows are sorted again on request if sorting was given up."""
PAUSE = timedelta(seconds=20)
GROWTH = 1.25
"""While a batch runs it is sorted again once there are a quarter more results."""


def on_end(batch: Batch) -> None:
    """A batch ended: has it sorted by what people sort by. Only writes rows, which the ticker finds."""
    for key in USUAL:
        if not is_direct(batch, key):
            RowOrder.objects.update_or_create(batch=batch, key=key, defaults={"next_look_at": timezone.now()})


def request(batch: Batch, key: str) -> None:
    """Has a worker sort the rows by a key, unless that is under way or not worth it yet."""
    order = RowOrder.objects.filter(batch=batch, key=key).first()
    if order is None or _is_worth_it(batch, order):
        write_if_possible(lambda: _request(batch, key))


def _is_worth_it(batch: Batch, order: RowOrder) -> bool:
    if order.next_look_at is not None or order.fingerprint == fingerprint(batch):
        return False
    if batch.is_terminal or order.as_of is None:
        return True
    return timezone.now() - order.as_of > PAUSE and batch.done > order.results * GROWTH


def _request(batch: Batch, key: str) -> None:
    now = timezone.now()
    order, _ = RowOrder.objects.update_or_create(batch=batch, key=key, defaults={"next_look_at": now, "asked_at": now})
    others = RowOrder.objects.filter(batch=batch).exclude(key__in=USUAL).order_by("-asked_at")
    RowOrder.objects.filter(pk__in=[*others.values_list("pk", flat=True)[KEPT:]]).delete()
    enqueue(job(order))


def job(order: RowOrder) -> Job:
    return Job("batchsite.results.tasks.sort_rows", (order.pk,), "long")


def step(order_id: int) -> None:
    """Sorts all results of a batch, in seconds for a million. Raises Busy, LeaseLost."""
    with claimed(RowOrder, order_id) as claim:
        order = RowOrder.objects.select_related("batch__dataset").get(pk=order_id)
        before = fingerprint(order.batch)

        def give_up(reason: str) -> None:
            with claim.locked() as fresh:
                fresh.problem, fresh.given_up = f"Sorting the rows {reason}.", before
                fresh.save(update_fields=["problem", "given_up"])

        end_in_words(claim, lambda: _sort(claim, order, before), give_up)


def problem_of(batch: Batch, key: str) -> str:
    """Returns why the rows cannot be sorted by a key. Blank if they can, or it is time to try it again."""
    since = timezone.now() - RETRIED
    given_up = RowOrder.objects.filter(batch=batch, key=key, given_up=fingerprint(batch), asked_at__gt=since).first()
    return given_up.problem if given_up else ""


def _sort(claim: Claim[RowOrder], order: RowOrder, before: str) -> None:
    results = order.batch.done
    parts = _parts(order, claim.extend)
    with claim.locked() as fresh:
        OrderedPart.objects.filter(order=fresh).delete()
        OrderedPart.objects.bulk_create(parts, batch_size=50)
        fresh.edition, fresh.fingerprint, fresh.results = order.edition + 1, before, results
        fresh.as_of = timezone.now()
        fresh.save(update_fields=["edition", "fingerprint", "results", "as_of"])


def _parts(order: RowOrder, keep_alive: Callable[[], None]) -> list[OrderedPart]:
    """Returns the order, packed; of texts, the place of every row besides.

    While the database hands out rows nothing is written: SQLite refuses that where others have written meanwhile.
    """
    if order.key in NUMBERS:
        return [*_packed(order, _measured_places(order.batch, order.key, 1), by_row=False)]
    rank_of = array("q", bytes(8 * (order.batch.rows.last + 1)))
    parts = [*_packed(order, _noted(text_places(order.batch, order.key, keep_alive), rank_of), by_row=False)]
    keep_alive()
    return [*parts, *_packed(order, ((row, rank - 1) for row, rank in enumerate(rank_of) if rank), by_row=True)]


def _packed(order: RowOrder, places: Iterator[tuple[int, int]], *, by_row: bool) -> Iterator[OrderedPart]:
    for number, part in enumerate(_pieces(places)):
        value, row = part[0]
        yield OrderedPart(
            order=order,
            edition=order.edition + 1,
            by_row=by_row,
            number=number,
            value=value,
            row=row,
            data=packed(part),
        )


def _noted(places: Iterator[tuple[int, int]], rank_of: array[int]) -> Iterator[tuple[int, int]]:
    """Yields places, and records the rank of every row, plus one."""
    for rank, row in places:
        rank_of[row] = rank + 1
        yield rank, row


def _pieces(places: Iterator[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    while part := list(islice(places, PART)):
        yield part


def _measured_places(batch: Batch, key: str, way: int) -> Iterator[tuple[int, int]]:
    """Yields (value, row) of all results. The database sorts, in a file if memory is short."""
    order = ("m", "row") if way > 0 else ("-m", "-row")
    yield from measured(batch, key).order_by(*order).values_list("m", "row").iterator(chunk_size=PART)


def text_places(batch: Batch, key: str, keep_alive: Callable[[], None]) -> Iterator[tuple[int, int]]:
    """Yields (rank, row) of all results by their texts. SQLite sorts them in a file of its own."""
    with closing(sqlite3.connect("")) as book:
        book.execute("CREATE TABLE texts (kind INTEGER, number REAL, text TEXT, row INTEGER)")
        for window in batch.rows.pieces(PART):
            values = ((*sort_value(text), row) for row, text in texts_of(batch, key, window))
            book.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", values)
            keep_alive()
        ordered = book.execute("SELECT kind, number, text, row FROM texts ORDER BY kind, number, text, row")
        yield from ranked((tuple(value), row) for *value, row in ordered)


def sorted_rows(batch: Batch, key: str, way: int, keep_alive: Callable[[], None]) -> Iterator[int]:
    """Yields the rows of all results by a key, upwards (`way` 1) or downwards (-1), for a file."""
    if key in NUMBERS:
        return (row for _, row in _measured_places(batch, key, way))
    return iter(array("q", (row for _, row in text_places(batch, key, keep_alive)))[::way])
