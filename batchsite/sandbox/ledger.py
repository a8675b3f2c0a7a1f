"""What the provider really processed and billed, whatever clients read, lost or were told.

Reliability tests compare with it: a row is billed if and only if it succeeded, at most once per batch. The same id in
two batches is billed twice; that is the error those tests look for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from typing import Any

import orjson

from batchsite.sandbox import stored_batches
from batchsite.sandbox.batch_clock import Batch, Cut, cut
from batchsite.sandbox.stored_batches import Odd, StoredRequest
from batchsite.sandbox.world import World

ROWS_INLINE = 10_000
"""Up to this many rows are part of a batch's JSON; more are only in the JSONL stream."""

_PAGE = 1000


@dataclass(frozen=True)
class Entry:
    """One request of one batch."""

    batch_id: str
    batch_request_id: str
    processed: int
    """How often it ran: 0 or 1, and more if it was added again and that is billed (`identical_adds`). A failed row ran;
    a hanging or cancelled one did not."""
    state: str
    cost_in_usd_ticks: int


@dataclass(frozen=True)
class Totals:
    """Sums over the rows of a batch, or of all batches."""

    requests: int = 0
    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    pending: int = 0
    cost_in_usd_ticks: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(left + right for left, right in zip(astuple(self), astuple(other), strict=True)))


def totals(world: World, batch: Batch) -> Totals:
    """Returns the totals of a batch, summed row by row by the database."""
    state = cut(batch, world.now(batch))
    with world.store.read() as connection:
        succeeded, ticks = stored_batches.succeeded(connection, batch, state.horizon)
        failed = stored_batches.odd_counts(connection, batch, state.horizon).get("failed", 0)
    rest = batch.requests - succeeded - failed
    cancelled, pending = (rest, 0) if state.closed else (0, rest)
    return Totals(batch.requests, succeeded + failed, succeeded, failed, cancelled, pending, ticks)


def entries(world: World, batch: Batch) -> Iterator[Entry]:
    """Yields the entries in id order, page by page, so that no read transaction takes long."""
    state = cut(batch, world.now(batch))
    after = ""
    with world.store.read() as connection:
        repeats = stored_batches.repeats(connection, batch)
    while True:
        with world.store.read() as connection:
            rows = stored_batches.requests_page(connection, batch, "said", after, _PAGE)
            odd = stored_batches.odd_among(connection, batch, rows)
        yield from (_entry(batch, state, row, odd.get(row.id), repeats.get(row.id, 0)) for row in rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].id


def _entry(batch: Batch, state: Cut, row: StoredRequest, odd: Odd | None, repeats: int) -> Entry:
    row_state = state.state(row.due, odd.outcome if odd else None)
    ran = 1 + repeats if row_state in ("succeeded", "failed") else 0
    return Entry(batch.batch_id, row.id, ran, row_state, row.ticks * ran if row_state == "succeeded" else 0)


def all_batches(world: World) -> list[Batch]:
    with world.store.read() as connection:
        return stored_batches.all_batches(connection)


def of_batch(world: World, batch: Batch) -> dict[str, Any]:
    """Returns the totals of one batch, with its rows unless they are too many."""
    few = batch.requests <= ROWS_INLINE
    rows = [asdict(entry) for entry in entries(world, batch)] if few else None
    return {**_head(batch), **asdict(totals(world, batch)), "rows": rows}


def of_all(world: World) -> dict[str, Any]:
    """Returns the totals per batch and of all batches, and what was billed outside batches."""
    per_batch = [(batch, totals(world, batch)) for batch in all_batches(world)]
    overall = sum((each for _, each in per_batch), Totals())
    listed = [{**_head(batch), **asdict(each)} for batch, each in per_batch]
    return {"batches": listed, "totals": asdict(overall), "direct": _direct(world)}


def of_request(world: World, batch_request_id: str) -> dict[str, Any]:
    """Returns how often one id was processed and billed in all batches."""
    entries_of_id: list[Entry] = []
    for batch in all_batches(world):
        with world.store.read() as connection:
            rows = stored_batches.requests_page(connection, batch, "said", batch_request_id, 1, inclusive=True)
            odd = stored_batches.odd_among(connection, batch, rows)
            times = stored_batches.repeats(connection, batch).get(batch_request_id, 0)
        state = cut(batch, world.now(batch))
        entries_of_id += [
            _entry(batch, state, row, odd.get(row.id), times) for row in rows if row.id == batch_request_id
        ]
    return {
        "batch_request_id": batch_request_id,
        "processed": sum(entry.processed for entry in entries_of_id),
        "cost_in_usd_ticks": sum(entry.cost_in_usd_ticks for entry in entries_of_id),
        "batches": [asdict(entry) for entry in entries_of_id],
    }


def as_jsonl(world: World, batches: list[Batch]) -> Iterator[bytes]:
    """Yields the entries as JSONL, up to a thousand lines at a time."""
    for batch in batches:
        lines: list[bytes] = []
        for entry in entries(world, batch):
            lines.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
            if len(lines) == _PAGE:
                yield b"".join(lines)
                lines.clear()
        yield b"".join(lines)


def _head(batch: Batch) -> dict[str, Any]:
    return {"batch_id": batch.batch_id, "name": batch.name}


def direct_calls(world: World) -> list[dict[str, Any]]:
    """Returns every direct completion, oldest first: what it was asked with, what it cost, whether it was read."""
    names = ("request_id", "client_request_id", "deferred", "cost_in_usd_ticks", "read")
    query = "SELECT request_id, client_request_id, deferred, ticks, read_us IS NOT NULL FROM asked ORDER BY number"
    with world.store.read() as connection:
        return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def _direct(world: World) -> dict[str, int]:
    with world.store.read() as connection:
        row = connection.execute("SELECT coalesce(sum(calls), 0), coalesce(sum(ticks), 0) FROM direct").fetchone()
    return {"calls": row[0], "cost_in_usd_ticks": row[1]}
