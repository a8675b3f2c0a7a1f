"""The SQL of batches and their requests, one function per query."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from batchsite.sandbox.batch_clock import FOREVER, Batch, Counters, Cut, Schedule, counters


class Request(NamedTuple):
    """One admitted request."""

    id: str
    body: bytes
    """The JSON of ``{kind: {...}}``."""
    ticks: int
    """What is billed if it succeeds."""
    answer: bytes
    """Its answer, packed by ``model_run``. Stored in the column ``said``."""


class Odd(NamedTuple):
    """The outcome, decided at admission, of a row that will not succeed."""

    outcome: str
    """failed or hanging."""
    envelope: str = "a"
    """The error shape of facts 2.7 that it gets."""
    text: str = ""
    code: int = 13
    """gRPC code, only used in envelope b."""


class StoredRequest(NamedTuple):
    """One row of ``requests``. ``odd`` = 1 if it has a row in the table ``odd``."""

    id: str
    due: int
    odd: int
    ticks: int
    content: bytes
    """``body`` or ``said``, whichever was selected."""


class ContentDiffers(Exception):
    """A batch_request_id was sent again with other content (facts 2.5)."""

    def __init__(self, batch_request_id: str) -> None:
        super().__init__(batch_request_id)
        self.batch_request_id = batch_request_id


def find_batch(connection: sqlite3.Connection, batch_id: str) -> Batch | None:
    row = connection.execute("SELECT * FROM batches WHERE batch_id = ?", (batch_id,)).fetchone()
    return Batch(*row) if row else None


def new_batch(connection: sqlite3.Connection, values: dict[str, Any]) -> Batch:
    """Inserts a batch. Columns missing in ``values`` get their defaults."""
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO batches ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
    batch = find_batch(connection, values["batch_id"])
    assert batch is not None  # noqa: S101  just inserted
    return batch


def change_batch(connection: sqlite3.Connection, batch: Batch, **values: Any) -> None:
    changes = ", ".join(f"{name} = ?" for name in values)
    connection.execute(
        f"UPDATE batches SET {changes} WHERE number = ?",  # noqa: S608  names are from our own code
        (*values.values(), batch.number),
    )


def team_batches(connection: sqlite3.Connection, team: str, before: int, limit: int) -> list[Batch]:
    """Returns batches with a number below ``before``, newest first."""
    rows = connection.execute(
        "SELECT * FROM batches WHERE team = ? AND number < ? AND NOT vanished ORDER BY number DESC LIMIT ?",
        (team, before, limit),
    )
    return [Batch(*row) for row in rows]


def all_batches(connection: sqlite3.Connection) -> list[Batch]:
    return [Batch(*row) for row in connection.execute("SELECT * FROM batches ORDER BY number")]


def add_requests(
    connection: sqlite3.Connection,
    batch: Batch,
    requests: Sequence[Request],
    plan: Schedule,
    now: int,
    *,
    bills_again: bool = False,
) -> list[tuple[str, int]]:
    """Adds new requests and returns their (id, due). Known ones with the same content are ignored, or billed again.

    Raises ContentDiffers; the caller must then roll back its transaction, because admission is atomic.
    """
    connection.execute("SAVEPOINT adding")
    placed = _insert(connection, batch, requests, plan)
    if placed is None:
        connection.execute("ROLLBACK TO adding")
        requests, known = _unknown(connection, batch, requests)
        if bills_again:
            _repeat(connection, batch, known)
        placed = _insert(connection, batch, requests, plan) or []
    connection.execute("RELEASE adding")
    if placed:
        _note_chunk(connection, batch, plan, placed, now)
    return placed


def _insert(
    connection: sqlite3.Connection, batch: Batch, requests: Sequence[Request], plan: Schedule
) -> list[tuple[str, int]] | None:
    """Returns None if an id existed already. The due times then have gaps and must not be used."""
    dues = plan.dues(len(requests))
    cursor = connection.executemany(
        "INSERT OR IGNORE INTO requests (batch, due, id, body, ticks, said) VALUES (?, ?, ?, ?, ?, ?)",
        [(batch.number, due, *request) for request, due in zip(requests, dues, strict=True)],
    )
    if cursor.rowcount < len(requests):
        return None
    return [(request.id, due) for request, due in zip(requests, dues, strict=True)]


def _repeat(connection: sqlite3.Connection, batch: Batch, ids: Sequence[str]) -> None:
    """Notes that requests run and are billed once more. They are answered once all the same."""
    connection.executemany(
        "INSERT INTO repeats VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1",
        [(batch.number, key) for key in ids],
    )


def _unknown(
    connection: sqlite3.Connection, batch: Batch, requests: Sequence[Request]
) -> tuple[list[Request], list[str]]:
    """Returns (new requests, ids of those that the batch has already). Raises ContentDiffers."""
    fresh: dict[str, Request] = {}
    repeated: list[str] = []
    for request in requests:
        row = connection.execute(
            "SELECT body FROM requests WHERE batch = ? AND id = ?", (batch.number, request.id)
        ).fetchone()
        known = row[0] if row else fresh[request.id].body if request.id in fresh else None
        if known is None:
            fresh[request.id] = request
        elif known != request.body:
            raise ContentDiffers(request.id)
        elif row:
            repeated.append(request.id)
    return list(fresh.values()), repeated


def _note_chunk(
    connection: sqlite3.Connection, batch: Batch, plan: Schedule, placed: list[tuple[str, int]], now: int
) -> None:
    last_due = max(placed[0][1], placed[-1][1])
    connection.execute(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
        (batch.number, batch.requests, plan.start_us, plan.interval_ns, len(placed), last_due, now),
    )
    connection.execute(
        "UPDATE batches SET requests = requests + ?, last_due = ?, first_add_us = coalesce(first_add_us, ?)"
        " WHERE number = ?",
        (len(placed), last_due, now, batch.number),
    )


def add_odd(connection: sqlite3.Connection, batch: Batch, rows: Sequence[tuple[str, int, Odd]]) -> None:
    """Stores the outcomes of rows (id, due, outcome) that were just added."""
    connection.executemany(
        "INSERT INTO odd VALUES (?, ?, ?, ?, ?, ?, ?)", [(batch.number, key, due, *odd) for key, due, odd in rows]
    )
    connection.executemany(
        "UPDATE requests SET odd = 1 WHERE batch = ? AND id = ?", [(batch.number, key) for key, _, _ in rows]
    )


def count(connection: sqlite3.Connection, batch: Batch, cut: Cut) -> Counters:
    """Returns the true counters. Takes two short queries."""
    done = _done(connection, batch, cut.horizon)
    odd = odd_counts(connection, batch, cut.horizon)
    return counters(batch.requests, done, odd.get("failed", 0), odd.get("hanging", 0), closed=cut.closed)


def odd_counts(connection: sqlite3.Connection, batch: Batch, horizon: int) -> dict[str, int]:
    """Returns how many of the rows due by ``horizon`` failed and hang."""
    rows = connection.execute(
        "SELECT outcome, count(*) FROM odd WHERE batch = ? AND due <= ? GROUP BY outcome", (batch.number, horizon)
    )
    return dict(rows.fetchall())


def _done(connection: sqlite3.Connection, batch: Batch, horizon: int) -> int:
    row = connection.execute(
        "SELECT earlier, start_us, interval_ns, count FROM chunks WHERE batch = ? AND start_us <= ?"
        " ORDER BY earlier DESC LIMIT 1",
        (batch.number, horizon),
    ).fetchone()
    if row is None:
        return 0
    earlier, start_us, interval_ns, rows = row
    return int(earlier + Schedule(start_us, interval_ns).done(rows, horizon))


def seen_until(connection: sqlite3.Connection, batch: Batch, added_before: int) -> int:
    """Returns the last due time of rows added up to ``added_before``, -1 if there are none."""
    row = connection.execute(
        "SELECT max(last_due) FROM chunks WHERE batch = ? AND added_us <= ?", (batch.number, added_before)
    ).fetchone()
    return -1 if row[0] is None else int(row[0])


def succeeded(connection: sqlite3.Connection, batch: Batch, horizon: int) -> tuple[int, int]:
    """Returns (count, ticks), counted row by row and not by the counters' arithmetic."""
    row = connection.execute(
        "SELECT count(*), coalesce(sum(ticks * (1 + coalesce(times, 0))), 0)"
        " FROM requests LEFT JOIN repeats USING (batch, id) WHERE batch = ? AND due <= ? AND NOT odd",
        (batch.number, horizon),
    ).fetchone()
    return int(row[0]), int(row[1])


def repeats(connection: sqlite3.Connection, batch: Batch) -> dict[str, int]:
    """Returns how often requests were billed once more, by id."""
    return dict(connection.execute("SELECT id, times FROM repeats WHERE batch = ?", (batch.number,)).fetchall())


def requests_page(
    connection: sqlite3.Connection,
    batch: Batch,
    column: Literal["body", "said"],
    after: str = "",
    limit: int = 1000,
    *,
    until: int = FOREVER,
    inclusive: bool = False,
) -> list[StoredRequest]:
    """Returns requests due by ``until`` in id order, after the id ``after`` (or from it, if ``inclusive``)."""
    comparison = ">=" if inclusive or not after else ">"
    rows = connection.execute(
        f"SELECT id, due, odd, ticks, {column} FROM requests"  # noqa: S608  names are from our own code
        f" WHERE batch = ? AND id {comparison} ? AND due <= ? ORDER BY id LIMIT ?",
        (batch.number, after, until, limit),
    )
    return list(map(StoredRequest._make, rows))


def odd_among(connection: sqlite3.Connection, batch: Batch, rows: Sequence[StoredRequest]) -> dict[str, Odd]:
    """Returns the outcomes of the odd rows of a page, which must be in id order."""
    if not any(row.odd for row in rows):
        return {}
    odd_rows = connection.execute(
        "SELECT id, outcome, envelope, text, code FROM odd WHERE batch = ? AND id BETWEEN ? AND ?",
        (batch.number, rows[0].id, rows[-1].id),
    )
    return {key: Odd(*outcome) for key, *outcome in odd_rows}
