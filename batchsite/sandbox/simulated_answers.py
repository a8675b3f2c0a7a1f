"""The simulated model's answers. Pure, and determined by the bytes of the request."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import orjson

from batchsite.sandbox.parsed_request import ParsedRequest
from batchsite.sandbox.price_list import OVERHEAD_TOKENS, Model, Usage
from batchsite.sandbox.schema_answers import MARKUP, simulated_json
from batchsite.sandbox.seen_pictures import Picture

CHARACTERS_PER_TOKEN = 4
UNLIMITED = 2**62
PREFIX = "Simulated answer:"
"""Every free-text answer starts with this, so that nobody takes it for a real one."""


class Answer(NamedTuple):
    """One completion, before it gets its wire shape."""

    choices: list[str]
    reasoning: str | None
    finish_reason: str
    usage: Usage


def digest(body: bytes) -> int:
    """Returns the number that determines everything random in an answer. A checksum is fast and varied enough."""
    return crc32(body)


def tokens(characters: int) -> int:
    return (characters + CHARACTERS_PER_TOKEN - 1) // CHARACTERS_PER_TOKEN


def make_answer(ask: ParsedRequest, model: Model, number: int, found: int = 0) -> Answer:
    """Returns the answer to ``ask``; ``number`` is the digest of its body, ``found`` the tokens that tools brought."""
    texts = [_text(ask, number + index) for index in range(ask.choices)]
    max_characters = UNLIMITED if ask.max_tokens is None else ask.max_tokens * CHARACTERS_PER_TOKEN
    shown = [text[:max_characters] for text in texts]
    thinks = model.reasons and ask.effort != "none"
    usage = _usage(ask, number, sum([tokens(len(text)) for text in shown]), found, thinks=thinks)
    reasoning = None
    if thinks and model.shows_reasoning:
        reasoning = f"Simulated reasoning over {ask.characters} characters of prompt."
    return Answer(shown, reasoning, "stop" if shown == texts else "length", usage)


def _usage(ask: ParsedRequest, number: int, completion: int, found: int, *, thinks: bool) -> Usage:
    """Cached tokens are multiples of 64, as in recorded rows (facts 2.13)."""
    image = sum([picture.tokens for picture in ask.pictures])
    prompt = OVERHEAD_TOKENS + tokens(ask.characters) + image + found
    cached = (128, 192)[number % 2]
    reasoning = 40 + (number >> 8) % 90 if thinks else 0
    return Usage(prompt, cached if cached < prompt else 128, completion, reasoning, image)


def _text(ask: ParsedRequest, number: int) -> str:
    kind = ask.form.get("type") if isinstance(ask.form, dict) else None
    if kind == "json_schema":
        return _json(ask, number)
    plain = _plain(ask.last_user, number, ask.pictures)
    return orjson.dumps({"answer": plain}).decode() if kind == "json_object" else plain


def _plain(message: str, number: int, pictures: list[Picture]) -> str:
    """Returns some words of the message, more for a longer one, and what was seen of pictures."""
    wanted = min(3 + len(message) // 40 + number % 5, 60)
    words = MARKUP.sub("", message[:600]).split(None, wanted)[:wanted]
    seen = "".join([f" I see {picture.words}." for picture in pictures])
    return f"{PREFIX} {' '.join(words)} ({number % 1000}){seen}"


def _json(ask: ParsedRequest, number: int) -> str:
    """Returns JSON for the schema, which chat completions nest in ``json_schema`` and responses do not."""
    form = ask.form or {}
    inner = form.get("json_schema")
    schema = (inner if isinstance(inner, dict) else form).get("schema")
    if not isinstance(schema, dict):
        schema = {}
    return simulated_json(schema, ask.last_user, number).decode()
