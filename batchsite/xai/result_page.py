"""A page of results: the usual rows are read in one pass, all others by the tolerant reading (facts 2.7).

Most rows are one answer in the documented form. msgspec reads of those what we keep, and makes no dictionaries: a
fifth of the work (measured). A row that differs in anything is read by `read_result`, which takes any form; so is
each row of a page that differs.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from batchsite.xai.page_walk import read_results_page
from batchsite.xai.results import read_result
from batchsite.xai.types import Page, ResultRow, Usage
from batchsite.xai.wire_json import BIGGEST, MOST_COUNT, decode_json, encode_json, need_room, table, text

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_COUNT)]
Ticks = Annotated[int, msgspec.Meta(ge=0, le=BIGGEST)]
Nothing = Annotated[list[msgspec.Raw], msgspec.Meta(max_length=0)] | None


class RawRow(msgspec.Struct, frozen=True, gc=False):
    """A result row as it came, and what it says."""

    json: bytes
    result: ResultRow
    completion_id: str = ""
    """xAI's id of the answer; "" where it has none."""


def read_raw_row(raw: dict[str, Any]) -> RawRow:
    """Returns a row of any form."""
    completion = table(table(table(raw.get("batch_result")).get("response")).get("chat_get_completion"))
    return RawRow(encode_json(raw), read_result(raw), text(completion.get("id")))


def read_page_of_results(body: bytes) -> Page[RawRow]:
    """Returns a page of results with its rows read. Raises ValueError if it is not one."""
    need_room(body)
    try:
        body.decode()  # what msgspec skips it does not check for valid UTF-8
        page = _PAGE.decode(body)
    except (ValueError, RecursionError):
        anyhow = read_results_page(decode_json(body))
        return Page([read_raw_row(raw) for raw in anyhow.items], anyhow.next_token)
    return Page([_read(raw) for raw in page.results], page.pagination_token or None)


def _read(raw: msgspec.Raw) -> RawRow:
    try:
        row = _ROW.decode(raw)
    except (ValueError, RecursionError):
        return read_raw_row(_as_row(decode_json(bytes(raw))))
    completion = row.batch_result.response.chat_get_completion
    usage, [choice] = completion.usage, completion.choices
    message, reasoned, cached = choice.message, usage.completion_tokens_details, usage.prompt_tokens_details
    result = ResultRow(
        row.batch_request_id,
        "succeeded",
        message.content,
        message.reasoning_content or "",
        choice.finish_reason,
        completion.model,
        Usage(
            usage.prompt_tokens,
            usage.completion_tokens,
            reasoned.reasoning_tokens if reasoned else 0,
            cached.cached_tokens if cached else 0,
            usage.cost_in_usd_ticks,
            usage.num_sources_used or 0,
        ),
        "",
        "",
        message.refusal or "",
    )
    return RawRow(bytes(raw), result, completion.id)


def _as_row(value: Any) -> dict[str, Any]:
    return read_results_page({"results": [value]}).items[0]


# ---- the usual form -----------------------------------------------------------------------------------------


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: Count = 0


class _CompletionDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count = 0


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: Count
    completion_tokens: Count
    cost_in_usd_ticks: Ticks
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    num_sources_used: Count | None = None
    num_server_side_tools_used: Annotated[int, msgspec.Meta(ge=0, le=0)] | None = None


class _Message(msgspec.Struct, gc=False):
    content: str
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: Nothing = None
    annotations: Nothing = None


class _Choice(msgspec.Struct, gc=False):
    message: _Message
    finish_reason: str


class _Completion(msgspec.Struct, gc=False):
    id: str
    model: str
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1, max_length=1)]
    usage: _Usage
    citations: Nothing = None


class _Response(msgspec.Struct, gc=False):
    chat_get_completion: _Completion


class _BatchResult(msgspec.Struct, gc=False):
    response: _Response


class _Row(msgspec.Struct, gc=False):
    batch_request_id: str
    batch_result: _BatchResult


class _Page(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]
    pagination_token: str | None = None
    succeeded: None = None
    failed: None = None


_PAGE, _ROW = msgspec.json.Decoder(_Page), msgspec.json.Decoder(_Row)
