"""The bodies of requests. Pure and deterministic: the same input gives the same bytes.

xAI compares content: the same id with one byte changed is refused (facts 2.5). Parameters are therefore written in a
fixed order, whatever order the database returns. Their values (a JSON schema) keep their own order, because answers
follow the order of a schema's properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

Kind = Literal["chat_get_completion", "responses", "image_generation", "image_edit", "video_generation"]
CHAT: Kind = "chat_get_completion"
RESPONSES: Kind = "responses"
GENERATION: Kind = "image_generation"
EDIT: Kind = "image_edit"
VIDEO: Kind = "video_generation"
PICTURE_PARAMS = ("n", "aspect_ratio", "quality")

PARAMS = (
    "temperature",
    "top_p",
    "max_completion_tokens",
    "seed",
    "stop",
    "reasoning_effort",
    "response_format",
)
_CALL = {"tool_choice": "required"}
"""With one function offered, that one is called. Beside tools of xAI it would have the model call those for ever."""
RESPONSES_LACKS = ("seed", "stop")  # /v1/responses does not take these


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or document that goes along with a message."""

    kind: Literal["image", "file", "text"]
    name: str
    address: Callable[[], str]
    """Returns a web address, the content as a data URL, or a text: big, so it is made when the request is written."""
    detail: str = ""
    part: str = ""
    """Which part of the file it is, in words. Empty for all of it."""
    is_held: bool = False
    """Whether we hold its bytes; the name is that of the file then, else its web address."""
    is_id: bool = False
    """Whether the address is xAI's id of an uploaded file."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the prompt."""

    role: str  # system, user, assistant, developer
    content: str
    attachments: tuple[Attachment, ...] = ()


def request_item(
    batch_request_id: str,
    *,
    kind: Kind = CHAT,
    model: str,
    messages: Sequence[Message],
    params: Mapping[str, Any],
    tools: Sequence[dict[str, Any]] = (),
    function: Mapping[str, Any] | None = None,
    cache_key: str = "",
) -> dict[str, Any]:
    """Returns one element of an add call, with the wrapper that xAI keeps changing (facts 2.5).

    `cache_key` goes with responses only. `tools` run at xAI; `function` is one that the model is to call, and whose
    arguments are the answer. `params` uses the names of chat completions (see PARAMS) for either kind;
    None means omitted. Raises ValueError for an unknown kind or name, or a parameter or tools that the kind does not
    take.
    """
    if kind == CHAT and tools:
        raise ValueError(f"Tools cannot be sent with requests of the kind {CHAT!r}: use {RESPONSES!r}.")
    if kind == CHAT:
        body = chat_body(model, messages, params)
        body |= {"tools": [{"type": "function", "function": dict(function)}], **_CALL} if function else {}
    elif kind == RESPONSES:
        offered = [*tools, *([{"type": "function", **function}] if function else ())]
        body = _responses_body(model, messages, params, offered)
        body |= _CALL if function and not tools else {}
        body |= {"prompt_cache_key": cache_key} if cache_key else {}
    elif kind in (GENERATION, EDIT):
        body = _picture_body(model, messages[-1], params)
    elif kind == VIDEO:
        body = {"model": model, "prompt": messages[-1].content}  # no other member is known (facts 7.7)
    else:
        raise ValueError(f"Unknown kind of request {kind!r}: use {CHAT!r} or {RESPONSES!r}.")
    return {"batch_request_id": batch_request_id, "batch_request": {kind: body}}


def given_item(batch_request_id: str, *, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """Returns the same wrapper around a body from a file. Members that batches do not take are dropped (facts 2.5)."""
    body = {name: value for name, value in body.items() if name not in {"stream", "deferred"}}
    if kind == RESPONSES:
        body = {"store": False} | body | {"stream": False}
    return {"batch_request_id": batch_request_id, "batch_request": {kind: body}}


def chat_body(model: str, messages: Sequence[Message], params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the body of a chat completion, for a batch row or a real-time call."""
    return {"model": model, "messages": _messages(messages, CHAT), **_set_params(params)}


def texts_in(body: Mapping[str, Any]) -> list[Message]:
    """Returns the messages of a body that was made here, of either kind, without what goes along with them."""
    turns = body.get("messages") or body.get("input") or ()
    return [Message(turn["role"], _text_of(turn["content"])) for turn in turns]


def _text_of(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def encode_requests(items: Iterable[dict[str, Any]]) -> bytes:
    """Returns the body of an add call. Raises ValueError that names the first request that is not valid JSON."""
    requests = list(items)
    try:
        return orjson.dumps({"batch_requests": requests})
    except TypeError as error:
        raise ValueError(f"Request {_first_unencodable(requests)!r} cannot be sent: {error}.") from error


def _first_unencodable(requests: list[dict[str, Any]]) -> str:
    for request in requests:
        try:
            orjson.dumps(request)
        except TypeError:
            return str(request.get("batch_request_id", ""))
    return ""


def _messages(messages: Sequence[Message], kind: Kind) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": _content(message, kind)} for message in messages]


def _content(message: Message, kind: Kind) -> str | list[dict[str, Any]]:
    """Returns the text, or parts with the text first: what rows share stands before what differs."""
    if not message.attachments:
        return message.content
    parts: list[dict[str, Any]] = [{"type": "text" if kind == CHAT else "input_text", "text": message.content}]
    return parts + [_part(attachment, kind) for attachment in message.attachments]


def _part(attachment: Attachment, kind: Kind) -> dict[str, Any]:
    """Returns the part of a message that holds a picture or a document (facts 6.4)."""
    address = attachment.address()
    if attachment.kind == "text":
        return {"type": "text" if kind == CHAT else "input_text", "text": address}
    is_data = address.startswith("data:")
    detail = {"detail": attachment.detail} if attachment.detail else {}
    if attachment.kind == "image":
        if kind == CHAT:
            return {"type": "image_url", "image_url": {"url": address, **detail}}
        return {"type": "input_image", "image_url": address, **detail}
    if attachment.is_id:
        return (
            {"type": "file", "file": {"file_id": address}}
            if kind == CHAT
            else {"type": "input_file", "file_id": address}
        )
    if kind == CHAT:
        inner = {"filename": attachment.name, "file_data": address} if is_data else {"url": address}
        return {"type": "file", "file": inner}
    return {"type": "input_file", "filename": attachment.name, "file_data" if is_data else "file_url": address}


def _set_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters that are set, in our order. Defaults are omitted: some models refuse a 0 (facts 6.1)."""
    unknown = params.keys() - set(PARAMS)
    if unknown:
        raise ValueError(f"Unknown parameter {min(unknown)!r}: known are {', '.join(PARAMS)}.")
    return {name: params[name] for name in PARAMS if params.get(name) is not None}


def _responses_body(
    model: str, messages: Sequence[Message], params: Mapping[str, Any], tools: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Returns the same request for /v1/responses.

    `max_output_tokens` includes reasoning and `max_completion_tokens` does not, so the same number is a lower cap.
    """
    values = _set_params(params)
    for name in RESPONSES_LACKS:
        if name in values:
            raise ValueError(f"{name!r} cannot be sent with requests of the kind {RESPONSES!r}: omit it.")
    body: dict[str, Any] = {"model": model, "input": _messages(messages, RESPONSES)}
    for name, wire_name in (
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("max_completion_tokens", "max_output_tokens"),
    ):
        if name in values:
            body[wire_name] = values[name]
    if "reasoning_effort" in values:
        body["reasoning"] = {"effort": values["reasoning_effort"]}
    if "response_format" in values:
        body["text"] = {"format": _text_format(values["response_format"])}
    if tools:
        body["tools"] = list(tools)
    # xAI stores answers by default; batches do not stream (facts 2.5).
    return body | {"store": False, "stream": False}


def _picture_body(model: str, message: Message, params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the body for /v1/images/generations, or for /v1/images/edits where a picture goes along (facts 7.6)."""
    body: dict[str, Any] = {"model": model, "prompt": message.content}
    if message.attachments:
        body["image"] = {"url": message.attachments[0].address(), "type": "image_url"}
    body |= {name: params[name] for name in PICTURE_PARAMS if params.get(name) is not None}
    return body | {"response_format": "url"}


def _text_format(response_format: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the format for /v1/responses, which does not nest the schema under `json_schema`."""
    nested = response_format.get("json_schema")
    if not isinstance(nested, Mapping):
        return dict(response_format)
    return {"type": "json_schema", **nested}
