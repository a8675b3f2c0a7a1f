"""/v1/batches/{id}/requests and /results: pages in id order, readable while the batch runs (facts 2.6, 2.7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from batchsite.sandbox import stored_batches, wire_shapes
from batchsite.sandbox.batch_clock import FOREVER, Batch, Cut, cut
from batchsite.sandbox.batch_operations import require_batch
from batchsite.sandbox.exchange import Reply, json_reply
from batchsite.sandbox.fault_kinds import Rule
from batchsite.sandbox.model_run import requested_model, run_stored, success_row, unpack
from batchsite.sandbox.page_tokens import key_of, page_parameters, token_after
from batchsite.sandbox.row_faults import chosen
from batchsite.sandbox.stored_batches import Odd, StoredRequest
from batchsite.sandbox.tool_shapes import row_bent
from batchsite.sandbox.world import CallContext


class Row(NamedTuple):
    """One visible row, with xAI's state."""

    request: StoredRequest
    state: str
    odd: Odd | None


def list_requests(context: CallContext) -> Reply:
    """Metadata of all requests, pending ones included. Complete at once unless scripted to lag."""
    limit, token = page_parameters(context.call)
    after = key_of(token)
    world = context.world
    with world.store.read() as connection:
        batch = require_batch(context, connection)
        now = world.now(batch)
        until = FOREVER
        if lag := context.rule("requests_lag"):
            until = stored_batches.seen_until(connection, batch, now - int(lag.option("seconds") * 1e6))
        rows = (
            []
            if batch.wiped
            else stored_batches.requests_page(connection, batch, "body", after, limit + 1, until=until)
        )
        odd = stored_batches.odd_among(connection, batch, rows)
    state = cut(batch, now)
    page = [_metadata(batch, row, state.state(row.due, _outcome(odd.get(row.id)))) for row in rows[:limit]]
    return json_reply({"batch_request_metadata": page, "pagination_token": _token(context, rows, limit)})


def _outcome(odd: Odd | None) -> str | None:
    return odd.outcome if odd else None


def _metadata(batch: Batch, row: StoredRequest, state: str) -> dict[str, Any]:
    finished = row.due if state in ("succeeded", "failed") else None
    return wire_shapes.request_metadata(row.id, requested_model(row.content), state, batch.created_us, finished)


def _token(context: CallContext, rows: Sequence[StoredRequest], limit: int) -> str | None:
    return token_after(rows[limit - 1].id) if len(rows) > limit else context.world.end_token(context.batch_id)


@dataclass(frozen=True)
class Reading:
    """One read of /results: which rows are visible."""

    batch: Batch
    cut: Cut
    now: int
    until: int
    """Rows due later are left out."""
    shows_cancelled: bool

    def row(self, request: StoredRequest, odd: Odd | None) -> Row:
        return Row(request, self.cut.state(request.due, _outcome(odd)), odd)

    def shows(self, row: Row) -> bool:
        return row.state != "pending" and (row.state != "cancelled" or self.shows_cancelled)


def results(context: CallContext) -> Reply:
    limit, token = page_parameters(context.call)
    after = key_of(token)
    twice = context.rule("duplicate_rows")
    overlap = 1 if twice and after else 0
    with context.world.store.read() as connection:
        reading = _reading(context, require_batch(context, connection))
        rows = _visible(connection, reading, after, limit + overlap + 1, inclusive=bool(overlap))
    page = rows[: limit + overlap]
    end = _token(context, [row.request for row in rows], limit + overlap)
    if twice:
        page = [copy for row in page for copy in [row] * (1 + chosen(twice, row.request.id))]
    body = _page(context, reading, page)
    if (strangers := context.rule("stranger_rows")) and not token:
        body["results"] += _strangers(strangers, reading)
    return json_reply({**body, "pagination_token": end})


def _reading(context: CallContext, batch: Batch) -> Reading:
    world = context.world
    now = world.now(batch)
    if batch.results_gone and batch.expires_us <= now:
        wire_shapes.refuse(404, f"The results of batch {batch.batch_id} have expired.")
    trail = context.rule("results_trail")
    seen = cut(batch, now - int(trail.option("seconds") * 1e6) if trail else now)
    hidden = context.rule("cancelled_hidden") is not None or world.settings.cancelled_rows == "hidden"
    shows = seen.closed and not hidden and not batch.wiped
    return Reading(batch, seen, now, FOREVER if shows else seen.horizon, shows)


def _visible(
    connection: sqlite3.Connection, reading: Reading, after: str, wanted: int, *, inclusive: bool
) -> list[Row]:
    """Returns up to ``wanted`` visible rows. Hanging ones are skipped, so that pages are full where possible."""
    visible: list[Row] = []
    while len(visible) < wanted:
        size = wanted - len(visible)
        rows = stored_batches.requests_page(
            connection, reading.batch, "said", after, size, until=reading.until, inclusive=inclusive
        )
        odd = stored_batches.odd_among(connection, reading.batch, rows)
        visible += filter(reading.shows, [reading.row(row, odd.get(row.id)) for row in rows])
        if len(rows) < size:
            break
        after, inclusive = rows[-1].id, False
    return visible


def _page(context: CallContext, reading: Reading, rows: Iterable[Row]) -> dict[str, Any]:
    """Returns the page. Rows in envelope e are in an array ``failed`` beside ``results`` (facts 2.7)."""
    hidden, odd = context.rule("not_visible"), context.rule("odd_runs")
    results: list[Any] = []
    failed: list[dict[str, Any]] = []
    for row in rows:
        key = row.request.id
        if hidden and chosen(hidden, key):
            results.append(wire_shapes.error_row(key, Odd("failed", text=wire_shapes.NOT_VISIBLE)))
        elif row.odd and row.odd.envelope == "e" and row.state == "failed":
            failed.append({"batch_request_id": key, "error_message": row.odd.text})
        else:
            result = _result(reading, row)
            is_bent = odd and row.state == "succeeded" and chosen(odd, key)
            results.append(row_bent(result, odd.option("form")) if odd and is_bent else result)
    return {"results": results, "failed": failed} if failed else {"results": results}


def _result(reading: Reading, row: Row) -> Any:
    request = row.request
    if row.state == "cancelled":
        return wire_shapes.error_row(request.id, Odd("failed", text=wire_shapes.CANCELLED, code=1))
    if row.odd is not None:
        return wire_shapes.error_row(request.id, row.odd)
    created = min(request.due, reading.now) // 1_000_000
    salt = f"{reading.batch.batch_id}/{request.id}"
    return success_row(request.id, unpack(request.content, request.ticks), salt, created)


def _strangers(rule: Rule, reading: Reading) -> list[Any]:
    """Returns results for ids that were never sent. Nothing is billed for them, and they say so."""
    body = b'{"chat_get_completion":{"model":"grok-4.3","messages":[{"role":"user","content":"of somebody else"}]}}'
    return [
        success_row(key, run_stored(body)._replace(ticks=0), key, reading.now // 1_000_000)
        for key in (f"never-sent-{number}" for number in range(1, rule.option("count") + 1))
    ]
