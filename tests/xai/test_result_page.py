"""A page of results is read as its rows are one by one, only faster."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from batchsite.xai import result_page
from batchsite.xai.result_page import read_page_of_results
from batchsite.xai.results import read_result
from tests.xai.rows import COMPLETION, answered, turn, with_result
from tests.xai.test_unexpected_results import nearly_rows


def page_of(*rows: Any, **more: Any) -> bytes:
    return orjson.dumps({"results": rows, "pagination_token": None, **more})


@settings(deadline=None)
@given(nearly_rows())
def test_any_row_is_read_as_it_is_alone(raw: Any) -> None:
    try:
        body = page_of(answered(), raw)
    except TypeError:
        return  # an integer that JSON of 64 bits cannot hold
    usual, odd = read_page_of_results(body).items
    assert usual.result == read_result(answered())
    sent = orjson.loads(body)["results"][1]
    assert odd.result == read_result(sent if isinstance(sent, dict) else {"unreadable": sent})
    assert orjson.loads(odd.json) == (sent if isinstance(sent, dict) else {"unreadable": sent})


USAGE = COMPLETION["usage"]
NEARLY_USUAL: list[dict[str, Any]] = [
    answered(),
    answered(choices=[]),
    answered(choices=[turn("assistant", "a"), turn("assistant", "b")]),
    answered(choices=[turn("assistant", None, tool_calls=[{"id": "x"}])]),
    answered(choices=[turn("assistant", "", "content_filter", refusal="No.")]),
    answered(choices=[{"message": {"content": "no reason"}}]),
    answered(usage=None),
    answered(usage={"prompt_tokens": 1, "completion_tokens": 2, "cost_in_nano_usd": 7}),
    answered(usage={**USAGE, "cost_in_usd_ticks": "7"}),
    answered(usage={**USAGE, "prompt_tokens": -1}),
    answered(usage={**USAGE, "prompt_tokens": 2**63}),
    answered(usage={**USAGE, "prompt_tokens": 3.0}),
    answered(usage={**USAGE, "prompt_tokens_details": {"cached_tokens": None}}),
    answered(usage={**USAGE, "completion_tokens_details": None}),
    answered(usage={**USAGE, "num_sources_used": 3}),
    answered(usage={**USAGE, "num_server_side_tools_used": 2, "server_side_tool_usage": {"web_search_calls": 2}}),
    answered(citations=["https://example.com"]),
    answered(citations=[]),
    answered(choices=[turn("assistant", "x", annotations=[{"url": "https://example.com"}])]),
    answered(choices=[turn("assistant", "x", "tool_calls", tool_calls=[{"function": {"name": "f"}}])]),
    answered(id=None),
    answered(id=7),
    {**answered(), "batch_request_id": 7},
    {**answered(), "error": "beside an answer"},
    with_result(error={"code": 1, "message": "cancelled"}),
    with_result(response={"image_generation": {"model": "grok-imagine-image", "data": [{"url": "https://x.ai/a"}]}}),
]


@pytest.mark.parametrize("raw", NEARLY_USUAL)
def test_a_row_that_differs_a_little_is_read_as_it_is_alone(raw: dict[str, Any]) -> None:
    [row] = read_page_of_results(page_of(raw)).items
    assert row.result == read_result(raw)
    assert orjson.loads(row.json) == raw


def test_the_id_of_the_completion_is_told() -> None:
    bodies = [answered(id="c-7"), answered(id="c-7", choices=[]), answered(id=7), with_result(error="x")]
    assert [row.completion_id for row in read_page_of_results(page_of(*bodies)).items] == ["c-7", "c-7", "", ""]


DAMAGED = [
    page_of(answered(system_fingerprint="?")).replace(b'"?"', b'"\xff"'),
    page_of(answered(system_fingerprint="?")).replace(b'"?"', rb'"\ud83d"'),
    page_of(answered(system_fingerprint="?")).replace(b'"?"', b"NaN"),
    b"\xef\xbb\xbf" + page_of(answered()),
]


@pytest.mark.parametrize("body", DAMAGED)
def test_one_bad_character_holds_back_no_answer(body: bytes) -> None:
    [row] = read_page_of_results(body).items
    assert row.result == read_result(answered())
    assert orjson.loads(row.json), "what is kept can be read again"


def test_arrays_by_outcome_are_a_page_too() -> None:
    page = read_page_of_results(orjson.dumps({"succeeded": [answered()], "failed": [with_result(error="no")]}))
    assert [row.result.outcome for row in page.items] == ["succeeded", "failed"]
    both = read_page_of_results(page_of(answered(), failed=[with_result(error="no")]))
    assert [row.result.outcome for row in both.items] == ["succeeded", "failed"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"results": {}}', b"<html>"])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"list of results|JSON|column|expected"):
        read_page_of_results(body)


def test_usual_rows_are_read_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: Any) -> None:
        raise AssertionError("the slow way")

    monkeypatch.setattr(result_page, "read_raw_row", never)
    page = read_page_of_results(page_of(answered(), answered(id="c-2"), pagination_token="next"))
    assert [row.completion_id for row in page.items] == ["c-1", "c-2"]
    assert page.next_token == "next"
