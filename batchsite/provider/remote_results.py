"""The content of a batch at the provider: its requests, its results, and all results as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from batchsite.batches.answer_flaws import flaw_of
from batchsite.exports.result_files import FORMS
from batchsite.exports.text_writers import Outcome
from batchsite.provider.quick_client import ProviderAccount, RemoteFailure, failures_in_words, quick_client
from batchsite.provider.remote_list import Remote
from batchsite.teams.provider_client import client_for
from batchsite.xai.errors import XaiError
from batchsite.xai.results import read_result, with_calls_as_answers
from batchsite.xai.types import RequestMeta, ResultRow
from batchsite.xai.wire_json import encode_json

ROWS = 50
"""Requests or results on a page."""
RAW_SHOWN = 20_000
"""Characters of a result's raw JSON that a page shows; the file has all of it."""
STATES = {"succeeded": "good", "failed": "bad", "cancelled": "", "not_ready": "", "pending": "", "unknown": ""}


@dataclass(frozen=True)
class RemoteResult:
    """A result, and the JSON that it was read from."""

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

    @property
    def flaw(self) -> str:
        """What is wrong with an answer that came; "" if nothing is, or none came."""
        result = self.result
        came = result.outcome == "succeeded"
        return flaw_of(result.content, result.refusal, result.finish_reason) if came else ""


@dataclass(frozen=True)
class RemoteRequest:
    """A request as the provider lists it."""

    meta: RequestMeta

    @property
    def tone(self) -> str:
        return STATES.get(self.meta.state, "")


@dataclass(frozen=True)
class RemoteLines:
    """A page of requests or results, and the provider's token of the next page."""

    lines: Sequence[Any]
    next_token: str


def results(account: ProviderAccount, remote_id: str, token: str = "") -> RemoteLines:
    """A page of results. Raises RemoteFailure."""
    with failures_in_words(account.account.base_url):
        page = quick_client(account).list_results(remote_id, limit=ROWS, token=token or None)
    return RemoteLines([_line(raw) for raw in page.items], _onward(page.next_token, token, page.items))


def requests(account: ProviderAccount, remote_id: str, token: str = "") -> RemoteLines:
    """A page of requests, without their content, which the provider does not return. Raises RemoteFailure."""
    with failures_in_words(account.account.base_url):
        page = quick_client(account).list_requests(remote_id, limit=ROWS, token=token or None)
    return RemoteLines([RemoteRequest(meta) for meta in page.items], _onward(page.next_token, token, page.items))


def _onward(following: str | None, token: str, items: Sequence[object]) -> str:
    """The token of the next page. Empty if it repeats, or follows an empty page (facts 2.7)."""
    return following if following and following != token and items else ""


def _line(raw: dict[str, Any]) -> RemoteResult:
    text = encode_json(raw, indent=True).decode()
    more = len(text) - RAW_SHOWN
    shown = text[:RAW_SHOWN] + (f"\n… {more:,} more characters, in the file" if more > 0 else "")
    return RemoteResult(with_calls_as_answers(read_result(raw)), shown)


# ---- as a file --------------------------------------------------------------------------------


@dataclass(frozen=True)
class RemoteDownload:
    """A download. Its content is read from the provider while it is sent."""

    name: str
    content_type: str
    content: Iterator[bytes]


FILES = {
    "csv": "CSV, exact",
    "excel": "CSV for Excel",
    "jsonl": "JSON Lines",
    "raw": "Raw JSON Lines, as xAI sent them",
}


def file_of(account: ProviderAccount, remote: Remote, form: str) -> RemoteDownload:
    """All results in one of the forms of FILES. Reads the first page before returning. Raises RemoteFailure."""
    rows = _with_first_page_read(client_for(account.account).iter_results(remote.id))
    name = f"xai-{remote.id.removeprefix('batch_')[:13]}"
    if form == "raw":
        return RemoteDownload(f"{name}-raw.jsonl", "application/x-ndjson", _raw_lines(rows))
    chosen = FORMS[form]
    ending = f"{'-excel' if form == 'excel' else ''}.{chosen.ending}"
    return RemoteDownload(name + ending, chosen.content_type, chosen.writer([], (([], _outcome(raw)) for raw in rows)))


def _with_first_page_read(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same rows with the first page already read, so that an error comes before the first byte."""
    try:
        first_row = list(islice(rows, 1))
    except XaiError as error:
        raise RemoteFailure(error.what, error.message, about_key=error.key_problem) from error
    return (row for part in (first_row, rows) for row in part)


def _raw_lines(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    while portion := list(islice(rows, 500)):
        yield b"".join(encode_json(raw) + b"\n" for raw in portion)


def _outcome(raw: dict[str, Any]) -> Outcome:
    result = with_calls_as_answers(read_result(raw))
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
