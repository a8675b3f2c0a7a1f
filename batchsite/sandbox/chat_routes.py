"""Calls in real time: completions, deferred ones, responses, tokenize-text; at list price (facts 1.1, 5, 6.5, 7.4)."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

import orjson

from batchsite.sandbox.admission import SchemaMismatch, check_body, odd_value, unknown_model
from batchsite.sandbox.attached_files import missing_file
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
    key = str(uuid.uuid4())
    run = _run(context, CHAT, key)
    if context.call.json.get("deferred"):
        return _defer(context, run, key)
    answer = completion(run, key, context.world.now() // 1_000_000)
    return Reply(body=orjson.dumps(answer), headers=_headers(context, answer["id"]))


def responses(context: CallContext) -> Reply:
    """Replies with a response, which may have used tools (facts 6.5)."""
    key, odd = str(uuid.uuid4()), context.rule("odd_runs")
    run = _run(context, RESPONSES, key)
    answer = response(run, key, context.world.now() // 1_000_000)
    if odd and run.tools:
        answer["output"] = items_bent(answer["output"], odd.option("form"))
    return Reply(body=orjson.dumps(answer), headers=_headers(context, answer["id"]))


def _run(context: CallContext, kind: str, key: str) -> Run:
    """Runs the request of a call and bills it."""
    body = context.call.json
    try:
        check_body(kind, body, "body")
    except SchemaMismatch as mismatch:
        unprocessable(str(mismatch), len(context.call.body))
    _refuse_values(kind, body)
    if gone := missing_file(context, kind, body):
        refuse(400, gone)
    _refuse_too_many(context)
    run = run_directly(kind, {name: value for name, value in body.items() if name != "deferred"})
    _bill(context, run, key, is_deferred=bool(body.get("deferred")))
    return run


def _refuse_values(kind: str, body: dict[str, Any]) -> None:
    if find_model(body["model"]) is None:
        refuse(404, unknown_model(body["model"]))
    if body.get("stream"):
        refuse(400, "The sandbox does not stream completions; send the request without stream.")
    if odd := odd_value(kind, body):
        refuse(400, odd.text or "Bad data: temperature or top_p is out of range.")


def _refuse_too_many(context: CallContext) -> None:
    left = context.world.rates.left(context.key.team, context.world.now(), context.world.settings)
    if not left.requests_left or not left.tokens_left:
        refuse(429, "Too many requests: the rate limit of this team is reached.")


def _bill(context: CallContext, run: Run, key: str, *, is_deferred: bool) -> None:
    usage, team = run.answer.usage, context.key.team
    context.world.rates.count(team, context.world.now(), usage.prompt + usage.completion + usage.reasoning)
    asked_with = context.call.headers.get("x-client-request-id", "")
    with context.world.store.write() as connection:
        connection.execute(
            "INSERT INTO asked (team, request_id, client_request_id, deferred, ticks) VALUES (?, ?, ?, ?, ?)",
            (team, key, asked_with, is_deferred, run.ticks),
        )
        connection.execute(
            "INSERT INTO direct VALUES (?, 1, ?)"
            " ON CONFLICT DO UPDATE SET calls = calls + 1, ticks = ticks + excluded.ticks",
            (team, run.ticks),
        )


def _defer(context: CallContext, run: Run, key: str) -> Reply:
    world = context.world
    ready = world.now() + int(world.settings.deferred_delay * 1e6)
    answer = orjson.dumps(completion(run, key, ready // 1_000_000))
    with world.store.write() as connection:
        connection.execute("INSERT INTO deferred VALUES (?, ?, ?, ?)", (key, context.key.team, ready, answer))
    reply = json_reply({"request_id": key})
    return replace(reply, headers=_headers(context, key))


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
        connection.execute("UPDATE asked SET read_us = ? WHERE request_id = ?", (now, key))
    return Reply(body=row[1], headers=_headers(context, key))


def _headers(context: CallContext, completion_id: str) -> tuple[tuple[str, str], ...]:
    """The headers that only inference replies have."""
    trace = uuid.uuid4().hex
    return (
        ("x-request-id", completion_id),
        ("traceparent", f"00-{trace}-{trace[:16]}-00"),
        *context.world.rates.left(context.key.team, context.world.now(), context.world.settings).headers(),
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
