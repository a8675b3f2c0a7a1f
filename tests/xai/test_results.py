"""A result row in every envelope (facts 2.7)."""

from __future__ import annotations

from typing import Any

import pytest

from batchsite.xai.results import NO_ANSWER, read_completion, read_result
from batchsite.xai.types import ResultRow, Usage
from tests.xai.rows import COMPLETION, answered, turn, with_result


def test_recorded_answer_is_read() -> None:
    assert read_result(answered()) == ResultRow(
        batch_request_id="r1",
        outcome="succeeded",
        content="Lima",
        reasoning="Peru's capital…",
        finish_reason="stop",
        model="grok-4.3",
        usage=Usage(
            prompt_tokens=204,
            completion_tokens=1,
            reasoning_tokens=82,
            cached_tokens=192,
            cost_ticks=2_087_200,
        ),
    )


def test_completion_tokens_exclude_reasoning() -> None:
    usage = read_result(answered()).usage
    assert usage is not None
    assert usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens == 287


def test_real_time_completion_reads_the_same() -> None:
    assert read_completion(COMPLETION, "r1") == read_result(answered())


COSTS = [
    ({"cost_in_usd_ticks": 7}, 7),
    ({"cost_in_usd_ticks": "7"}, 7),
    ({"cost_in_usd_ticks": 0}, 0),
    ({"cost_in_nano_usd": 7}, 70),
    ({"cost_in_usd_ticks": None, "cost_in_nano_usd": 7}, 70),
    ({"cost_in_usd_ticks": 0, "cost_in_nano_usd": 7}, 0),
    ({"cost_in_usd_ticks": 7, "cost_in_nano_usd": 9}, 7),
    ({"cost_in_usd_ticks": 1e30}, None),
    ({"cost_in_nano_usd": 2**63 - 1}, None),
    ({}, None),
]


@pytest.mark.parametrize(("usage", "ticks"), COSTS)
def test_cost_is_in_ticks_or_unknown(usage: dict[str, Any], ticks: int | None) -> None:
    read = read_result(answered(usage=usage)).usage
    assert read == Usage(0, 0, 0, 0, ticks)


def test_an_answer_may_lack_its_usage() -> None:
    assert read_result(answered(usage=None)).usage is None


SEARCH = [
    turn("assistant", None, tool_calls=[{"id": "t1"}]),
    turn("tool", "a page of text"),
    turn("assistant", "I look further", reasoning_content="hm"),
    turn("tool", "another page"),
    turn("assistant", "Lima, says the atlas", "stop", reasoning_content="sure"),
]


def test_search_run_is_answered_by_its_last_message() -> None:
    row = read_result(answered(choices=SEARCH))
    assert (row.content, row.finish_reason, row.reasoning) == ("Lima, says the atlas", "stop", "sure")


def test_search_run_with_an_empty_end_gives_its_last_text() -> None:
    row = read_result(answered(choices=[*SEARCH[:4], turn("assistant", "", "length")]))
    assert row.content == "I look further"


def test_tool_message_is_never_the_answer() -> None:
    row = read_result(answered(choices=[turn("assistant", None, "tool_calls"), turn("tool", "raw page")]))
    assert (row.outcome, row.content, row.finish_reason) == ("succeeded", "", "tool_calls")


CONTENTS = [
    ("Lima", "Lima"),
    ("", ""),
    (None, ""),
    ([{"type": "text", "text": "Li"}, {"type": "text", "text": "ma"}], "Lima"),
    ([None, 3, {"type": "image"}], ""),
    ("7", "7"),
]


@pytest.mark.parametrize(("content", "text"), CONTENTS)
def test_content_is_read_as_text(content: Any, text: str) -> None:
    row = read_result(answered(choices=[turn("assistant", content, "stop")]))
    assert (row.outcome, row.content) == ("succeeded", text)


def test_refusal_is_an_answer_with_a_note() -> None:
    row = read_result(answered(choices=[turn("assistant", None, "stop", refusal="I would rather not.")]))
    assert (row.outcome, row.content, row.refusal) == ("succeeded", "", "I would rather not.")


@pytest.mark.parametrize("choices", [None, [], [None], "x", [{}], [{"message": None}]])
def test_billed_answer_without_choices_is_not_a_failure(choices: Any) -> None:
    row = read_result(answered(choices=choices))
    assert (row.outcome, row.content) == ("succeeded", "")
    assert row.usage is not None


WORDS = "max_tokens must be positive"

FAILURES: list[tuple[str, dict[str, Any], str, str]] = [
    ("a: a text", with_result(error=WORDS), WORDS, ""),
    ("b: an object", with_result(error={"code": 13, "message": WORDS}), WORDS, "13"),
    ("b: a code alone", with_result(error={"code": 13}), "xAI gave the error code 13 without a message.", "13"),
    ("b: a code in words", with_result(error={"code": "INTERNAL", "message": WORDS}), WORDS, "INTERNAL"),
    ("c: error_message beside", {"batch_request_id": "r1", "error_message": WORDS}, WORDS, ""),
    ("d: an object beside", {"batch_request_id": "r1", "error": {"message": WORDS}}, WORDS, ""),
    ("d: a text beside", {"batch_request_id": "r1", "error": WORDS}, WORDS, ""),
    ("f: nothing", with_result(), NO_ANSWER, ""),
    ("f: the word unknown", with_result(response="unknown"), NO_ANSWER, ""),
    ("no result at all", {"batch_request_id": "r1"}, NO_ANSWER, ""),
    ("a null answer", with_result(response={"chat_get_completion": None}, error=WORDS), WORDS, ""),
    ("blank words", with_result(error="  "), NO_ANSWER, ""),
    ("ok as code 0", with_result(error={"code": 0, "message": ""}), NO_ANSWER, ""),
    ("a list", with_result(error=[WORDS]), f'["{WORDS}"]', ""),
    ("blank, then words beside", {**with_result(error=""), "error_message": WORDS}, WORDS, ""),
]


@pytest.mark.parametrize(("raw", "error", "code"), [case[1:] for case in FAILURES], ids=[c[0] for c in FAILURES])
def test_failure_is_read_in_every_envelope(raw: dict[str, Any], error: str, code: str) -> None:
    assert read_result(raw) == ResultRow("r1", "failed", error=error, error_code=code)


def test_answer_takes_precedence_over_an_error() -> None:
    row = read_result({**answered(), "error": "late complaint"})
    assert (row.outcome, row.error) == ("succeeded", "")


def test_answer_of_another_kind_is_named() -> None:
    row = read_result(with_result(response={"image_generation": {"data": []}}))
    assert row.outcome == "failed"
    assert "image_generation" in row.error


def test_a_video_is_an_answer_and_one_without_an_address_is_named() -> None:
    usage = {"cost_in_usd_ticks": 7}
    filmed = {"model": "grok-imagine-video", "video": {"url": "https://x.ai/a.mp4"}, "usage": usage}
    row = read_result(with_result(response={"video_generation": filmed}))
    assert (row.outcome, row.content, row.model) == ("succeeded", "1 video", "grok-imagine-video")
    assert row.pictures == ("https://x.ai/a.mp4",)
    assert row.usage is not None
    assert row.usage.cost_ticks == 7
    row = read_result(with_result(response={"video_generation": {"video": {}}}))
    assert row.outcome == "failed"
    assert "video_generation" in row.error


OUTCOMES = [
    ("Batch cancelled", "cancelled"),
    ("batch was canceled by the user", "cancelled"),
    ("Cancelled", "cancelled"),
    ({"code": 1, "message": "stopped"}, "cancelled"),
    ({"code": 1}, "cancelled"),
    ("The upstream call was cancelled after 3 tries", "failed"),
    ({"code": 4, "message": "deadline exceeded"}, "failed"),
    ("Result of this request is not yet visible in ClickHouse", "not_ready"),
    ({"code": 5, "message": "row Not Yet Visible in ClickHouse, retry"}, "not_ready"),
]


@pytest.mark.parametrize(("error", "outcome"), OUTCOMES)
def test_outcome_follows_from_the_error(error: Any, outcome: str) -> None:
    assert read_result(with_result(error=error)).outcome == outcome


@pytest.mark.parametrize(("value", "row_id"), [("r1", "r1"), (7, "7"), (None, ""), (True, ""), ({}, "")])
def test_the_id_of_a_row_is_a_text_whatever_came(value: Any, row_id: str) -> None:
    assert read_result({**answered(), "batch_request_id": value}).batch_request_id == row_id
