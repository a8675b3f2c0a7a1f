"""Parses the body of a request, of either kind, into what the answer depends on."""

from __future__ import annotations

from typing import Any, NamedTuple

from batchsite.sandbox.seen_pictures import Picture, pictures_of

CHAT = "chat_get_completion"
RESPONSES = "responses"
KINDS = (CHAT, RESPONSES)


class ParsedRequest(NamedTuple):
    """One request. ``characters`` counts the text of all messages.

    A tuple, like the other values of a run: creating dataclasses took half the time of reading a page.
    """

    model: str
    characters: int
    last_user: str
    max_tokens: int | None
    form: dict[str, Any] | None
    """``response_format`` of chat completions, ``text.format`` of responses; None = plain text."""
    effort: str | None
    choices: int
    pictures: list[Picture]


def parse_request(kind: str, body: dict[str, Any]) -> ParsedRequest:
    """Parses a body that passed the schema check of ``admission``, for which it never raises."""
    characters, last_user = _texts(messages_of(kind, body))
    return ParsedRequest(
        body["model"],
        characters,
        last_user,
        limit_of(body),
        body.get("response_format") if kind == CHAT else _member(body.get("text"), "format"),
        effort_of(kind, body),
        body.get("n") or 1,
        pictures_of(messages_of(kind, body)),
    )


def messages_of(kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the messages. An ``input`` that is a string (responses) is one user message."""
    value = body.get("messages" if kind == CHAT else "input")
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    return value if isinstance(value, list) else []


def limit_of(body: dict[str, Any]) -> int | None:
    """Returns the cap on visible tokens, under any of its names (facts 6.1). None if there is none."""
    for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"):
        if (limit := body.get(name)) is not None:
            return int(limit)
    return None


def effort_of(kind: str, body: dict[str, Any]) -> str | None:
    effort = body.get("reasoning_effort") if kind == CHAT else _member(body.get("reasoning"), "effort")
    return None if effort is None else str(effort)


def text_of(content: Any) -> str:
    """Returns the text of a message: a string, or the joined text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(part["text"] for part in content if _is_text(part))
    return ""


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)


def _texts(messages: list[dict[str, Any]]) -> tuple[int, str]:
    characters, last_user = 0, ""
    for message in messages:
        text = text_of(message.get("content"))
        characters += len(text)
        if message.get("role") == "user":
            last_user = text
    return characters, last_user


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
