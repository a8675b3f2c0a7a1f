"""Calls in real time: completions, deferred ones, responses, tokenize-text; at list price (facts 1.1, 5, 6.5, 7.4)."""

from __future__ import annotations

import re
import uuid
from typing import Any

import orjson

from batchsite.sandbox.admission import SchemaMismatch, check_body, odd_value, unknown_model
from batchsite.sandbox.exchange import Reply, json_reply
from batchsite.sandbox.model_run import Run, completion, run_directly
from batchsite.sandbox.parsed_request import CHAT, RESPONSES
from batchsite.sandbox.price_list import find_model
from batchsite.sandbox.response_shapes import response
from batchsite.sandbox.simulated_answers import CHARACTERS_PER_TOKEN
from batchsite.sandbox.tool_shapes import items_bent
from batchsite.sandbox.wire_shapes import refuse, unprocessable
from batchsite.sandbox.world import CallContext

KEEP_US = 24 * 3600 * 1_000_000
"""An unread deferred completion is deleted after a day."""

_TOKEN = re.compile(rf"(?s).{{1,{CHARACTERS_PER_TOKEN}}}")


def chat(context: CallContext) -> Reply:
    """Replies with the completion, or with a request_id if ``deferred`` is set."""
    run = _run(context, CHAT)
    if context.call.json.get("deferred"):
        return _defer(context, run)
    answer = completion(run, str(uuid.uuid4()), context.world.now() // 1_000_000)
    return Reply(body=orjson.dumps(answer), headers=_headers(answer["id"]))


def responses(context: CallContext) -> Reply:
    """Replies with a response, which may have used tools (facts 6.5)."""
    run, odd = _run(context, RESPONSES), context.rule("odd_runs")
    answer = response(run, str(uuid.uuid4()), context.world.now() // 1_000_000)
    if odd and run.tools:
        answer["output"] = items_bent(answer["output"], odd.option("form"))
    return Reply(body=orjson.dumps(answer), headers=_headers(answer["id"]))


def _run(context: CallContext, kind: str) -> Run:
    """Runs the request of a call and bills it."""
    body = context.call.json
    try:
        check_body(kind, body, "body")
    except SchemaMismatch as mismatch:
        unprocessable(str(mismatch), len(context.call.body))
    _refuse_values(kind, body)
    run = run_directly(kind, {name: value for name, value in body.items() if name != "deferred"})
    _bill(context, run)
    return run


def _refuse_values(kind: str, body: dict[str, Any]) -> None:
    if find_model(body["model"]) is None:
        refuse(404, unknown_model(body["model"]))
    if body.get("stream"):
        refuse(400, "The sandbox does not stream completions; send the request without stream.")
    if odd := odd_value(kind, body):
        refuse(400, odd.text or "Bad data: temperature or top_p is out of range.")


def _bill(context: CallContext, run: Run) -> None:
    with context.world.store.write() as connection:
        connection.execute(
            "INSERT INTO direct VALUES (?, 1, ?)"
            " ON CONFLICT DO UPDATE SET calls = calls + 1, ticks = ticks + excluded.ticks",
            (context.key.team, run.ticks),
        )


def _defer(context: CallContext, run: Run) -> Reply:
    world, key = context.world, str(uuid.uuid4())
    ready = world.now() + int(world.settings.deferred_delay * 1e6)
    answer = orjson.dumps(completion(run, key, ready // 1_000_000))
    with world.store.write() as connection:
        connection.execute("INSERT INTO deferred VALUES (?, ?, ?, ?)", (key, context.key.team, ready, answer))
    return json_reply({"request_id": key})


def deferred(context: CallContext) -> Reply:
    """202 with an empty body while it runs, then 200 once (facts 5)."""
    key, now = context.call.args[0], context.world.now()
    with context.world.store.write() as connection:
        row = connection.execute(
            "SELECT ready_us, reply FROM deferred WHERE request_id = ? AND team = ?", (key, context.key.team)
        ).fetchone()
        if row is None or now > row[0] + KEEP_US:
            refuse(404, f"Deferred completion not found: {key}")
        if now < row[0]:
            return Reply(202)
        connection.execute("DELETE FROM deferred WHERE request_id = ?", (key,))
    return Reply(body=row[1], headers=_headers(key))


def _headers(completion_id: str) -> tuple[tuple[str, str], ...]:
    """The headers that only inference replies have."""
    trace = uuid.uuid4().hex
    return (
        ("x-request-id", completion_id),
        ("traceparent", f"00-{trace}-{trace[:16]}-00"),
        ("x-ratelimit-limit-requests", "1800"),
        ("x-ratelimit-remaining-requests", "1799"),
        ("x-ratelimit-limit-tokens", "10000000"),
        ("x-ratelimit-remaining-tokens", "9999000"),
    )


def tokenize(context: CallContext) -> Reply:
    """Slices of four characters, the rule by which the sandbox counts tokens."""
    body = context.call.json
    for name in ("model", "text"):
        if not isinstance(body, dict) or not isinstance(body.get(name), str):
            unprocessable(f"missing field `{name}`", len(context.call.body))
    if find_model(body["model"]) is None:
        refuse(404, unknown_model(body["model"]))
    slices = [match.group().encode() for match in _TOKEN.finditer(body["text"])]
    tokens = [
        {"token_id": int.from_bytes(piece) % 130_000, "string_token": piece.decode(), "token_bytes": list(piece)}
        for piece in slices
    ]
    return json_reply({"token_ids": tokens})
