"""The checks when requests arrive: schema, model and id. Bad values only show when a row runs (facts 2.5)."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

import orjson

from batchsite.sandbox.model_run import pack, run
from batchsite.sandbox.parsed_request import CHAT, TEXT_KINDS, effort_of, limit_of, messages_of
from batchsite.sandbox.price_list import Model, find_model
from batchsite.sandbox.seen_pictures import dead_picture
from batchsite.sandbox.simulated_answers import digest
from batchsite.sandbox.simulated_pictures import EDIT, MEDIA_KINDS, PICTURE_KINDS, VIDEO, draw, problem_of
from batchsite.sandbox.simulated_pictures import pack as pack_pictures
from batchsite.sandbox.stored_batches import Odd, Request
from batchsite.sandbox.tool_runs import tool_problem
from batchsite.sandbox.wire_shapes import refuse, unprocessable

MAX_REQUEST = 25 * 1024 * 1024
"""Bytes of one request (facts 4)."""

ROLES = ("developer", "system", "user", "assistant", "tool", "function")

MAX_CHOICES = 100

_CAMEL = (
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("stop", "stop"),
)
"""Parameters that reasoning models refuse, and how the refusal spells them (facts 6.1)."""

_NUMBERS: dict[str, tuple[type, ...]] = {
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "max_output_tokens": (int,),
    "n": (int,),
    "seed": (int,),
    "temperature": (int, float),
    "top_p": (int, float),
}


class SchemaMismatch(Exception):
    """A body that does not fit the schema. The message is that of the 422."""


class Checked(NamedTuple):
    """One request that fits the schema. ``odd`` is set if one of its values will not work when the row runs."""

    id: str
    body: dict[str, Any]
    model: str
    kind: str
    odd: Odd | None


def check_add(payload: Any, size: int) -> list[Checked]:
    """Returns the requests of an add call of ``size`` bytes. Raises Refused (422) for the first schema mismatch."""
    try:
        if not isinstance(payload, dict):
            raise SchemaMismatch(f"invalid type: {_type(payload)}, expected struct AddBatchRequestsRequest")
        items = _member(payload, "batch_requests", list, "")
        return [_check_item(item, f"batch_requests[{index}]") for index, item in enumerate(items)]
    except SchemaMismatch as mismatch:
        unprocessable(str(mismatch), size)


def _check_item(item: Any, where: str) -> Checked:
    if not isinstance(item, dict):
        raise SchemaMismatch(f"{where}: invalid type: {_type(item)}, expected struct BatchRequest")
    wrapped = _member(item, "batch_request", dict, where)
    key = item.get("batch_request_id")
    if key is None or key == "":
        key = f"batch_request_{uuid.uuid4()}"
    if not isinstance(key, str):
        raise SchemaMismatch(f"{where}.batch_request_id: invalid type: {_type(key)}, expected a string")
    kind = next((kind for kind in (*TEXT_KINDS, *MEDIA_KINDS) if kind in wrapped), None)
    if kind is None:
        names = ", ".join(f"`{kind}`" for kind in (*TEXT_KINDS, *MEDIA_KINDS))
        raise SchemaMismatch(f"{where}.batch_request: unknown variant, expected one of {names}")
    return check_request(key, kind, wrapped[kind], f"{where}.batch_request.{kind}")


def check_request(key: str, kind: str, body: Any, where: str) -> Checked:
    """Checks one request, inline or from a file. Raises SchemaMismatch."""
    check_body(kind, body, where)
    return Checked(key, body, body["model"], kind, odd_value(kind, body))


def check_body(kind: str, body: Any, where: str) -> None:
    if not isinstance(body, dict):
        raise SchemaMismatch(f"{where}: invalid type: {_type(body)}, expected a request body")
    _member(body, "model", str, where)
    if not isinstance(key := body.get("prompt_cache_key"), str | None):
        raise SchemaMismatch(f"{where}.prompt_cache_key: invalid type: {_type(key)}, expected a string")
    if kind in MEDIA_KINDS:
        _member(body, "prompt", str, where)
        if kind == EDIT:
            _member(_member(body, "image", dict, where), "url", str, f"{where}.image")
    elif kind == CHAT:
        _check_messages(_member(body, "messages", list, where), f"{where}.messages")
    else:
        _check_input(body, where)
    for name, types in _NUMBERS.items():
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, types)):
            raise SchemaMismatch(f"{where}.{name}: invalid type: {_type(value)}, expected a number")


def _check_input(body: dict[str, Any], where: str) -> None:
    if "input" not in body:
        raise SchemaMismatch(f"{where}: missing field `input`")
    if isinstance(body["input"], list):
        _check_messages(body["input"], f"{where}.input")
    elif not isinstance(body["input"], str):
        raise SchemaMismatch(f"{where}.input: invalid type: {_type(body['input'])}, expected a string or a list")


def _check_messages(messages: list[Any], where: str) -> None:
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise SchemaMismatch(f"{where}[{index}]: invalid type: {_type(message)}, expected a message")
        role = message.get("role")
        if role not in ROLES:
            names = ", ".join(f"`{name}`" for name in ROLES)
            problem = "missing field `role`" if role is None else f"unknown variant `{role}`, expected one of {names}"
            raise SchemaMismatch(f"{where}[{index}]: {problem}")


def _member(holder: dict[str, Any], name: str, kind: type, where: str) -> Any:
    before = f"{where}: " if where else ""
    if name not in holder:
        raise SchemaMismatch(f"{before}missing field `{name}`")
    if not isinstance(holder[name], kind):
        raise SchemaMismatch(f"{before}{name}: invalid type: {_type(holder[name])}, expected {kind.__name__}")
    return holder[name]


def _type(value: Any) -> str:
    names = {type(None): "null", bool: "boolean", str: "string", list: "sequence", dict: "map", int: "integer"}
    return names.get(type(value), "floating point")


def odd_value(kind: str, body: dict[str, Any]) -> Odd | None:
    """Returns how the row will fail or hang because of a bad value, None if it will not (facts 2.5, 2.12, 6.1)."""
    if _outside(body.get("temperature"), 2) or _outside(body.get("top_p"), 1):
        return Odd("hanging")
    model = find_model(body["model"])
    if kind in MEDIA_KINDS:
        seen = [{"content": [{"image_url": body.get("image") or {}}]}] if kind == EDIT else []
        text = problem_of(kind, body, dead_picture(seen))
    else:
        text = value_problem(kind, body, model) if model else None
    return Odd("failed", text=text, code=3) if text else None


def value_problem(kind: str, body: dict[str, Any], model: Model) -> str | None:
    """Returns the model's error about a value, None if all values are accepted."""
    if not messages_of(kind, body):
        return "Bad data: Messages cannot be empty"
    if (limit := limit_of(body)) is not None and limit <= 0:
        return f"max_tokens must be positive, got {limit}"
    if not 1 <= (body.get("n") or 1) <= MAX_CHOICES:
        return f"n must be between 1 and {MAX_CHOICES}, got {body['n']}"
    if (effort := effort_of(kind, body)) is not None and effort not in model.efforts:
        return f"Model {model.id} does not support parameter reasoningEffort."
    if problem := tool_problem(kind, body):
        return problem
    if dead := dead_picture(messages_of(kind, body)):
        return dead
    refused = [camel for name, camel in _CAMEL if body.get(name) is not None] if model.reasons else []
    return f"Model {model.id} does not support parameter {refused[0]}." if refused else None


def _outside(value: float | None, high: float) -> bool:
    return value is not None and not 0 <= value <= high


def check_models(rows: list[Checked]) -> None:
    """Raises Refused for the whole call if one model is unknown or not offered for batches (facts 2.5)."""
    for name, kind in {(row.model, row.kind): None for row in rows}:
        model = find_model(name)
        if model is None and kind == CHAT:
            refuse(404, unknown_model(name))
        if model is None:
            refuse(400, f"Model not found: {name}")
        if not model.batchable:
            refuse(400, not_batchable(name))
        if bool(model.picture_price) != (kind in PICTURE_KINDS) or bool(model.video_price) != (kind == VIDEO):
            refuse(400, f"Model {name} not supported for endpoint {kind}.")


def requests(rows: list[Checked]) -> list[Request]:
    """Returns the rows as they are stored, with their answers. Raises Refused (400) if one is too large."""
    return [_request(row) for row in rows]


def _request(row: Checked) -> Request:
    body = orjson.dumps({row.kind: row.body})
    if len(body) > MAX_REQUEST:
        refuse(400, f"Request {row.id} exceeds the maximum size of 25 MB.")
    if row.odd:
        return Request(row.id, body, 0, b"")
    if row.kind in MEDIA_KINDS:
        model = find_model(row.model)
        assert model is not None  # noqa: S101  check_models refuses unknown models
        drawn = draw(row.kind, row.body, model, digest(body))
        return Request(row.id, body, drawn.ticks, pack_pictures(drawn))
    done = run(row.kind, row.body, digest(body), batched=True)
    return Request(row.id, body, done.ticks, pack(done))


def unknown_model(name: str) -> str:
    return f"The model {name} does not exist or your team does not have access to it."


def not_batchable(name: str) -> str:
    return f"Model {name} is not supported for batch processing."
