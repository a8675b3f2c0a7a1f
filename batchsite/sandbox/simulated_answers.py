"""What the simulated model says: deterministic in the request's bytes, and pure."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import orjson

from batchsite.sandbox.parsed_request import Ask
from batchsite.sandbox.price_list import OVERHEAD_TOKENS, Model, Usage
from batchsite.sandbox.schema_answers import simulated_json

CHARACTERS_PER_TOKEN = 4
UNLIMITED = 2**62
SIGN = "Simulated answer:"
"""Begins every free text, so that nobody takes the sandbox for a model."""


class Answer(NamedTuple):
    """One completion before it is put into its wire shape."""

    choices: list[str]
    reasoning: str | None
    finish_reason: str
    usage: Usage


def digest(body: bytes) -> int:
    """The number that everything varying in an answer comes from; a checksum is fast and varied enough."""
    return crc32(body)


def tokens(characters: int) -> int:
    return (characters + CHARACTERS_PER_TOKEN - 1) // CHARACTERS_PER_TOKEN


def answer(ask: Ask, model: Model, number: int) -> Answer:
    """The answer to ``ask``; ``number`` is the digest of its body."""
    texts = [_text(ask, number + index) for index in range(ask.choices)]
    most = UNLIMITED if ask.max_tokens is None else ask.max_tokens * CHARACTERS_PER_TOKEN
    shown = [text[:most] for text in texts]
    thinks = model.reasons and ask.effort != "none"
    usage = _usage(ask, number, sum([tokens(len(text)) for text in shown]), thinks=thinks)
    reasoning = None
    if thinks and model.shows_reasoning:
        reasoning = f"Simulated reasoning over {ask.characters} characters of prompt."
    return Answer(shown, reasoning, "stop" if shown == texts else "length", usage)


def _usage(ask: Ask, number: int, completion: int, *, thinks: bool) -> Usage:
    """Cached tokens come in steps of 64, as in the recorded rows (facts 2.13)."""
    prompt = OVERHEAD_TOKENS + tokens(ask.characters)
    cached = (128, 192)[number % 2]
    reasoning = 40 + (number >> 8) % 90 if thinks else 0
    return Usage(prompt, cached if cached < prompt else 128, completion, reasoning)


def _text(ask: Ask, number: int) -> str:
    kind = ask.form.get("type") if isinstance(ask.form, dict) else None
    if kind == "json_schema":
        return _json(ask, number)
    plain = _plain(ask.last_user, number)
    return orjson.dumps({"answer": plain}).decode() if kind == "json_object" else plain


def _plain(message: str, number: int) -> str:
    """Some words of the prompt, more for a longer one."""
    wanted = min(3 + len(message) // 40 + number % 5, 60)
    words = message[:600].split(None, wanted)[:wanted]
    return f"{SIGN} {' '.join(words)} ({number % 1000})"


def _json(ask: Ask, number: int) -> str:
    """Chat completions wrap the schema in ``json_schema``; responses put it into the format itself."""
    form = ask.form or {}
    inner = form.get("json_schema")
    schema = (inner if isinstance(inner, dict) else form).get("schema")
    if not isinstance(schema, dict):
        schema = {}
    return simulated_json(schema, ask.last_user, number).decode()
