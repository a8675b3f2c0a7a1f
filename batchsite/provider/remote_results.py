"""What is in a batch at the provider: its requests, its results, and all results as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from batchsite.exports.result_files import FORMS
from batchsite.exports.text_writers import Outcome
from batchsite.provider.quick_client import Place, Trouble, in_words, quick_client
from batchsite.provider.remote_list import Remote
from batchsite.teams.provider_client import client_for
from batchsite.xai.errors import XaiError
from batchsite.xai.results import read_result
from batchsite.xai.types import RequestMeta, ResultRow

ROWS = 50
"""Requests or results on a page."""
RAW_SHOWN = 20_000
"""Characters of the raw JSON of a result on a page; a file has all of it."""
STATES = {"succeeded": "good", "failed": "bad", "cancelled": "", "not_ready": "", "pending": "", "unknown": ""}


@dataclass(frozen=True)
class Line:
    """A result, read, with what it was read from."""

    result: ResultRow
    raw: str

    @property
    def tone(self) -> str:
        return STATES.get(self.result.outcome, "")

    @property
    def state(self) -> str:
        return "Not ready" if self.result.outcome == "not_ready" else self.result.outcome.capitalize()

    @property
    def answer(self) -> str:
        return self.result.content or self.result.refusal


@dataclass(frozen=True)
class Request:
    """A request that the provider lists."""

    meta: RequestMeta

    @property
    def tone(self) -> str:
        return STATES.get(self.meta.state, "")


@dataclass(frozen=True)
class Some:
    """A page of requests or of results, and the provider's token of the next one."""

    lines: Sequence[Any]
    next_token: str


def results(place: Place, remote_id: str, token: str = "") -> Some:
    """A page of results. Raises Trouble."""
    with in_words():
        page = quick_client(place.account).list_results(remote_id, limit=ROWS, token=token or None)
    return Some([_line(raw) for raw in page.items], _onward(page.next_token, token, page.items))


def requests(place: Place, remote_id: str, token: str = "") -> Some:
    """A page of requests, without their content: the provider does not give it back. Raises Trouble."""
    with in_words():
        page = quick_client(place.account).list_requests(remote_id, limit=ROWS, token=token or None)
    return Some([Request(meta) for meta in page.items], _onward(page.next_token, token, page.items))


def _onward(following: str | None, token: str, items: Sequence[object]) -> str:
    """The next token; none where it leads in a circle, or promises more behind nothing (facts 2.7)."""
    return following if following and following != token and items else ""


def _line(raw: dict[str, Any]) -> Line:
    text = orjson.dumps(raw, option=orjson.OPT_INDENT_2).decode()
    more = len(text) - RAW_SHOWN
    return Line(read_result(raw), text[:RAW_SHOWN] + (f"\n… {more:,} more characters, in the file" if more > 0 else ""))


# ---- all of it as a file --------------------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A download; its content is read from the provider while it is sent."""

    name: str
    content_type: str
    content: Iterator[bytes]


FILES = {
    "csv": "CSV, exact",
    "excel": "CSV for Excel",
    "jsonl": "JSON Lines",
    "raw": "Raw JSON Lines, as xAI sent them",
}


def file_of(place: Place, remote: Remote, form: str) -> File:
    """All results in one of FILES. The first page is asked for before the first byte. Raises Trouble."""
    rows = _begun(client_for(place.account).iter_results(remote.id))
    name = f"xai-{remote.id.removeprefix('batch_')[:13]}"
    if form == "raw":
        return File(f"{name}-raw.jsonl", "application/x-ndjson", _raw_lines(rows))
    chosen = FORMS[form]
    ending = f"{'-excel' if form == 'excel' else ''}.{chosen.ending}"
    return File(name + ending, chosen.content_type, chosen.writer([], (([], _outcome(raw)) for raw in rows)))


def _begun(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same rows, with the first page read: what can go wrong at once does so before the first byte."""
    try:
        first = list(islice(rows, 1))
    except XaiError as error:
        raise Trouble(error.what, error.message, about_key=error.key_problem) from error
    return (row for part in (first, rows) for row in part)


def _raw_lines(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    while some := list(islice(rows, 500)):
        yield b"".join(orjson.dumps(raw, option=orjson.OPT_APPEND_NEWLINE) for raw in some)


def _outcome(raw: dict[str, Any]) -> Outcome:
    result = read_result(raw)
    usage = result.usage
    return Outcome(
        batch_request_id=result.batch_request_id,
        state="pending" if result.outcome == "not_ready" else result.outcome,
        answer=result.content or result.refusal,
        error=result.error,
        finish_reason=result.finish_reason,
        answered_by=result.model,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        reasoning_tokens=usage.reasoning_tokens if usage else None,
        cost_ticks=usage.cost_ticks if usage else None,
    )
