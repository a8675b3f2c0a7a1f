"""Runs a request: the simulated answer, its cost, and its wire shape.

A request is run once, at admission. The answer is stored packed, because pages are read more often than answers are
made, and so that the ledger keeps what was billed when this code changes.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from batchsite.sandbox import wire_shapes
from batchsite.sandbox.parsed_request import parse_request
from batchsite.sandbox.price_list import Model, Usage, batch_price, find_model, list_price
from batchsite.sandbox.simulated_answers import Answer, digest, make_answer
from batchsite.sandbox.tool_runs import TOKENS_PER_CALL, ToolRun, make_run


class Run(NamedTuple):
    """One answered request. ``ticks`` is what is billed, the calls of tools included."""

    model: Model
    answer: Answer
    ticks: int
    tools: ToolRun | None


def run(kind: str, body: dict[str, Any], number: int, *, batched: bool) -> Run:
    """Answers a request at batch price or list price. ``number`` is the digest of its JSON."""
    ask = parse_request(kind, body)
    model = _model(ask.model)
    documents = sum([picture.is_document for picture in ask.pictures])
    tools = make_run(body, ask.last_user, number, documents) if documents or "tools" in body else None
    answer = make_answer(ask, model, number, TOKENS_PER_CALL * len(tools.calls) if tools else 0)
    price = batch_price if batched else list_price
    return Run(model, answer, price(model, answer.usage) + (tools.ticks if tools else 0), tools)


def run_stored(body: bytes) -> Run:
    """Runs a batch request from its stored JSON. The same bytes always give the same answer."""
    [(kind, inner)] = orjson.loads(body).items()
    return run(kind, inner, digest(body), batched=True)


def run_directly(kind: str, body: dict[str, Any]) -> Run:
    return run(kind, body, digest(orjson.dumps({kind: body})), batched=False)


def _model(name: str) -> Model:
    model = find_model(name)
    assert model is not None  # noqa: S101  admission refuses unknown models
    return model


def pack(done: Run) -> bytes:
    """Returns the bytes for ``unpack``, without the ticks, which have their own column."""
    answer = done.answer
    tools = list(done.tools) if done.tools else None
    return orjson.dumps([done.model.id, tools, answer.choices, answer.reasoning, answer.finish_reason, *answer.usage])


def unpack(packed: bytes, ticks: int) -> Run:
    model, tools, choices, reasoning, finish_reason, *usage = orjson.loads(packed)
    run = ToolRun(*tools) if isinstance(tools, list) else None
    return Run(_model(model), Answer(choices, reasoning, finish_reason, Usage(*usage)), ticks, run)


def completion_id(salt: str) -> str:
    key = blake2b(salt.encode(), digest_size=16).hexdigest()
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def completion(done: Run, salt: str, created: int) -> dict[str, Any]:
    """Returns the chat.completion of a run. ``salt`` determines its id."""
    return wire_shapes.completion(completion_id(salt), done.model, done.answer, done.ticks, created, done.tools)


def success_row(key: str, done: Run, salt: str, created: int) -> Any:
    """Returns a row of /results for orjson. Ordinary rows are filled into a template, which is much faster."""
    if done.tools or len(done.answer.choices) > 1 or done.answer.usage.image:
        return wire_shapes.success_row(key, completion(done, salt, created))
    answer, usage = done.answer, done.answer.usage
    values = {
        b"key": orjson.dumps(key),
        b"id": completion_id(salt).encode(),
        b"created": created,
        b"content": orjson.dumps(answer.choices[0]),
        b"reasoning": orjson.dumps(answer.reasoning),
        b"finish": answer.finish_reason.encode(),
        b"prompt": usage.prompt,
        b"cached": usage.cached,
        b"completion": usage.completion,
        b"thought": usage.reasoning,
        b"total": usage.prompt + usage.completion + usage.reasoning,
        b"ticks": done.ticks,
    }
    return orjson.Fragment(_row_template(done.model.id, reasons=answer.reasoning is not None) % values)


@lru_cache
def _row_template(model_id: str, *, reasons: bool) -> bytes:
    """Returns the JSON of a row with placeholders, generated from ``wire_shapes`` so that the two cannot differ."""
    names = ("prompt", "cached", "completion", "thought", "created", "ticks")
    numbers = {name: number for number, name in enumerate(names, start=10**9)}
    usage = Usage(numbers["prompt"], numbers["cached"], numbers["completion"], numbers["thought"])
    answer = Answer(["@content"], "@reasoning" if reasons else None, "@finish", usage)
    shape = wire_shapes.completion("@id", _model(model_id), answer, numbers["ticks"], numbers["created"])
    form = orjson.dumps(wire_shapes.success_row("@key", shape)).replace(b"%", b"%%")
    numbers["total"] = usage.prompt + usage.completion + usage.reasoning
    for name, number in numbers.items():
        form = form.replace(b"%d" % number, b"%%(%b)d" % name.encode())
    for name in ("key", "content", "reasoning"):
        form = form.replace(b'"@%b"' % name.encode(), b"%%(%b)b" % name.encode())
    return form.replace(b"@id", b"%(id)b").replace(b"@finish", b"%(finish)b")


def requested_model(body: bytes) -> str:
    """Returns the requested model, for lists of requests."""
    [inner] = orjson.loads(body).values()
    return str(inner["model"])
