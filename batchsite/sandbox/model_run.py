"""A request -> what the simulated model made of it, what that costs, and how it looks at the wire.

A request is run once, when it is admitted; what was said is stored packed, because a page is read more often than
an answer is made, and so that the ledger holds what was billed whatever this code becomes.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from batchsite.sandbox import wire_shapes
from batchsite.sandbox.parsed_request import read_ask
from batchsite.sandbox.price_list import Model, Usage, batch_price, find_model, list_price
from batchsite.sandbox.simulated_answers import Answer, answer, digest


class Run(NamedTuple):
    """One request, answered. ``ticks`` is what is billed."""

    model: Model
    said: Answer
    ticks: int
    searched: bool


def run(kind: str, body: dict[str, Any], number: int, *, batched: bool) -> Run:
    """Answers a request at the price of a batch or at list price; ``number`` is the digest of its JSON."""
    ask = read_ask(kind, body)
    model = _model(ask.model)
    said = answer(ask, model, number)
    price = batch_price if batched else list_price
    return Run(model, said, price(model, said.usage), ask.searches)


def run_stored(body: bytes) -> Run:
    """Runs a request of a batch from its stored JSON; the same bytes always give the same."""
    [(kind, inner)] = orjson.loads(body).items()
    return run(kind, inner, digest(body), batched=True)


def run_directly(kind: str, body: dict[str, Any]) -> Run:
    return run(kind, body, digest(orjson.dumps({kind: body})), batched=False)


def _model(name: str) -> Model:
    model = find_model(name)
    assert model is not None  # noqa: S101  admission refuses unknown models
    return model


def pack(done: Run) -> bytes:
    """What ``unpack`` needs, without the ticks, which have a column of their own."""
    said = done.said
    return orjson.dumps([done.model.id, done.searched, said.choices, said.reasoning, said.finish_reason, *said.usage])


def unpack(packed: bytes, ticks: int) -> Run:
    model, searched, choices, reasoning, finish_reason, *usage = orjson.loads(packed)
    return Run(_model(model), Answer(choices, reasoning, finish_reason, Usage(*usage)), ticks, searched)


def completion_id(salt: str) -> str:
    key = blake2b(salt.encode(), digest_size=16).hexdigest()
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def completion(done: Run, salt: str, created: int) -> dict[str, Any]:
    """The chat.completion of a run; ``salt`` makes its id."""
    return wire_shapes.completion(
        completion_id(salt), done.model, done.said, done.ticks, created, searched=done.searched
    )


def success_row(key: str, done: Run, salt: str, created: int) -> Any:
    """A row of /results for orjson to write; the usual ones by filling in a form, which is much faster."""
    if done.searched or len(done.said.choices) > 1:
        return wire_shapes.success_row(key, completion(done, salt, created))
    said, usage = done.said, done.said.usage
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
        b"ticks": done.ticks,
    }
    return orjson.Fragment(_form(done.model.id, reasons=said.reasoning is not None) % values)


@lru_cache
def _form(model_id: str, *, reasons: bool) -> bytes:
    """The JSON of a row with holes, cut from the very shape that ``wire`` makes, so that there is one only."""
    names = ("prompt", "cached", "completion", "thought", "created", "ticks")
    numbers = {name: number for number, name in enumerate(names, start=10**9)}
    usage = Usage(numbers["prompt"], numbers["cached"], numbers["completion"], numbers["thought"])
    said = Answer(["@content"], "@reasoning" if reasons else None, "@finish", usage)
    shape = wire_shapes.completion("@id", _model(model_id), said, numbers["ticks"], numbers["created"])
    form = orjson.dumps(wire_shapes.success_row("@key", shape)).replace(b"%", b"%%")
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
