"""The bodies of requests. Pure and deterministic: the same input gives the same bytes.

That matters because xAI compares content: the same id with one byte different is refused (facts 2.5).
So parameters have an order of their own here, whatever order a database gave them back in; values inside
them (a JSON schema) keep theirs, as answers follow the order of a schema's properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

Kind = Literal["chat_get_completion", "responses"]
CHAT: Kind = "chat_get_completion"
RESPONSES: Kind = "responses"

PARAMS = (
    "temperature",
    "top_p",
    "max_completion_tokens",
    "seed",
    "stop",
    "reasoning_effort",
    "response_format",
)
RESPONSES_LACKS = ("seed", "stop")  # /v1/responses has no such members


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the prompt."""

    role: str  # system, user, assistant, developer
    content: str


def request_item(
    batch_request_id: str,
    *,
    kind: Kind = CHAT,
    model: str,
    messages: Sequence[Message],
    params: Mapping[str, Any],
) -> dict[str, Any]:
    """One element of an add call: the wrapper that xAI keeps changing, in one place (facts 2.5).

    `params` has the names of chat completions (see PARAMS) in either kind; None means omitted.
    ValueError for another kind, another name, or a parameter that the kind cannot carry.
    """
    if kind == CHAT:
        body = chat_body(model, messages, params)
    elif kind == RESPONSES:
        body = _responses_body(model, messages, params)
    else:
        raise ValueError(f"There is no kind of request {kind!r}: use {CHAT!r} or {RESPONSES!r}.")
    return {"batch_request_id": batch_request_id, "batch_request": {kind: body}}


def given_item(batch_request_id: str, *, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """The same wrapper around a body that somebody else made; what a batch has no use for is left out (facts 2.5)."""
    body = {name: value for name, value in body.items() if name not in {"stream", "deferred"}}
    if kind == RESPONSES:
        body = {"store": False} | body | {"stream": False}
    return {"batch_request_id": batch_request_id, "batch_request": {kind: body}}


def chat_body(model: str, messages: Sequence[Message], params: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat completion, for a batch row or for a real-time call."""
    return {"model": model, "messages": _turns(messages), **_given(params)}


def encode_requests(items: Iterable[dict[str, Any]]) -> bytes:
    """The body of an add call. ValueError names the first request that JSON cannot hold."""
    requests = list(items)
    try:
        return orjson.dumps({"batch_requests": requests})
    except TypeError as error:
        raise ValueError(f"Request {_first_unfit(requests)!r} cannot be sent: {error}.") from error


def _first_unfit(requests: list[dict[str, Any]]) -> str:
    for request in requests:
        try:
            orjson.dumps(request)
        except TypeError:
            return str(request.get("batch_request_id", ""))
    return ""


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that were set, in our order. Defaults stay out: some models refuse even a 0 (facts 6.1)."""
    unknown = params.keys() - set(PARAMS)
    if unknown:
        raise ValueError(f"Unknown parameter {min(unknown)!r}: known are {', '.join(PARAMS)}.")
    return {name: params[name] for name in PARAMS if params.get(name) is not None}


def _responses_body(model: str, messages: Sequence[Message], params: Mapping[str, Any]) -> dict[str, Any]:
    """The same request for /v1/responses.

    `max_output_tokens` counts reasoning too, `max_completion_tokens` does not: an equal number is a tighter cap.
    """
    given = _given(params)
    for name in RESPONSES_LACKS:
        if name in given:
            raise ValueError(f"{name!r} cannot be sent with requests of the kind {RESPONSES!r}: leave it out.")
    body: dict[str, Any] = {"model": model, "input": _turns(messages)}
    for name, wire_name in (
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("max_completion_tokens", "max_output_tokens"),
    ):
        if name in given:
            body[wire_name] = given[name]
    if "reasoning_effort" in given:
        body["reasoning"] = {"effort": given["reasoning_effort"]}
    if "response_format" in given:
        body["text"] = {"format": _text_format(given["response_format"])}
    # xAI stores by default; a batch has nothing to stream (facts 2.5).
    return body | {"store": False, "stream": False}


def _text_format(response_format: Mapping[str, Any]) -> dict[str, Any]:
    """Chat completions nest the schema under `json_schema`, responses do not."""
    nested = response_format.get("json_schema")
    if not isinstance(nested, Mapping):
        return dict(response_format)
    return {"type": "json_schema", **nested}
