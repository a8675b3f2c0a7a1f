"""A stored request -> what the simulated model made of it and what that costs. Computed when read, never stored."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from batchsite.sandbox import wire
from batchsite.sandbox.answers import Answer, answer, digest
from batchsite.sandbox.asks import Ask, read_ask
from batchsite.sandbox.pricing import Model, Usage, batch_price, find_model, list_price


class Run(NamedTuple):
    """One request, answered. ``ticks`` is what is billed."""

    ask: Ask
    model: Model
    said: Answer
    ticks: int


def run_stored(body: bytes) -> Run:
    """Runs a request of a batch at the batch price; the same bytes always give the same."""
    [(kind, inner)] = orjson.loads(body).items()
    return _run(kind, inner, digest(body), batched=True)


def run_directly(kind: str, body: dict[str, Any]) -> Run:
    """Runs a direct completion at the list price."""
    return _run(kind, body, digest(orjson.dumps({kind: body})), batched=False)


def _run(kind: str, body: dict[str, Any], number: int, *, batched: bool) -> Run:
    ask = read_ask(kind, body)
    model = find_model(ask.model)
    assert model is not None  # noqa: S101  admission refuses unknown models
    said = answer(ask, model, number)
    price = batch_price if batched else list_price
    return Run(ask, model, said, price(model, said.usage))


def completion_id(salt: str) -> str:
    key = blake2b(salt.encode(), digest_size=16).hexdigest()
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def completion(run: Run, salt: str, created: int) -> dict[str, Any]:
    """The chat.completion of a run; ``salt`` makes its id."""
    return wire.completion(completion_id(salt), run.model, run.said, run.ticks, created, searched=run.ask.searches)


def success_row(key: str, body: bytes, salt: str, created: int) -> Any:
    """A row of /results for orjson to write; the usual ones by filling in a form, which halves the time."""
    run = run_stored(body)
    if run.ask.searches or len(run.said.choices) > 1:
        return wire.success_row(key, completion(run, salt, created))
    said, usage = run.said, run.said.usage
    values = {
        b"key": orjson.dumps(key),
        b"id": completion_id(salt).encode(),
        b"created": created,
        b"content": orjson.dumps(said.choices[0]),
        b"reasoning": orjson.dumps(said.reasoning),
        b"finish": said.finish_reason.encode(),
        b"prompt": usage.prompt,
        b"cached": usage.cached,
        b"completion": usage.completion,
        b"thought": usage.reasoning,
        b"total": usage.prompt + usage.completion + usage.reasoning,
        b"ticks": run.ticks,
    }
    return orjson.Fragment(_form(run.model.id, reasons=said.reasoning is not None) % values)


@lru_cache
def _form(model_id: str, *, reasons: bool) -> bytes:
    """The JSON of a row with holes, cut from the very shape that ``wire`` makes, so that there is one only."""
    model = find_model(model_id)
    assert model is not None  # noqa: S101  it has just answered
    names = ("prompt", "cached", "completion", "thought", "created", "ticks")
    numbers = {name: number for number, name in enumerate(names, start=10**9)}
    usage = Usage(numbers["prompt"], numbers["cached"], numbers["completion"], numbers["thought"])
    said = Answer(("@content",), "@reasoning" if reasons else None, "@finish", usage)
    shape = wire.completion("@id", model, said, numbers["ticks"], numbers["created"])
    form = orjson.dumps(wire.success_row("@key", shape)).replace(b"%", b"%%")
    numbers["total"] = usage.prompt + usage.completion + usage.reasoning
    for name, number in numbers.items():
        form = form.replace(b"%d" % number, b"%%(%b)d" % name.encode())
    for name in ("key", "content", "reasoning"):
        form = form.replace(b'"@%b"' % name.encode(), b"%%(%b)b" % name.encode())
    return form.replace(b"@id", b"%(id)b").replace(b"@finish", b"%(finish)b")


def requested_model(body: bytes) -> str:
    """The model as it was asked for, for lists of requests."""
    [inner] = orjson.loads(body).values()
    return str(inner["model"])
