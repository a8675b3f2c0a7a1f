"""Answers of runs with tools are read whatever their turns look like (facts 2.7, 6.5)."""

from __future__ import annotations

from typing import Any

import pytest

from batchsite.xai.results import read_completion, read_result, with_calls_as_answers
from batchsite.xai.tool_turns import is_web_address
from batchsite.xai.types import Source
from tests.xai.rows import answered, turn


def step(name: str, content: str | None = "") -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": '{"query":"…"}'}}
    return turn("assistant", content, "", tool_calls=[call])


OUTCOME = turn("tool", "what was found", "")
ANSWER = turn("assistant", "Peru", "stop")

RUNS = [
    ("several turns", [step("web_search"), OUTCOME, step("browse_page"), OUTCOME, ANSWER], "Peru"),
    ("a text before the calls", [step("web_search", "Let me look."), OUTCOME, ANSWER], "Peru"),
    ("no final text", [step("web_search"), OUTCOME, turn("assistant", None, "stop")], ""),
    ("calls only", [step("web_search"), step("x_keyword_search")], ""),
    ("an early text and no final one", [step("web_search", "Let me look."), OUTCOME], "Let me look."),
    ("the outcome of a tool is no answer", [step("web_search"), turn("tool", "Lima", "stop")], ""),
]


@pytest.mark.parametrize(("choices", "content"), [run[1:] for run in RUNS], ids=[run[0] for run in RUNS])
def test_the_last_text_of_the_assistant_is_the_answer(choices: list[dict[str, Any]], content: str) -> None:
    row = read_result(answered(choices=choices))
    assert (row.outcome, row.content, row.others) == ("succeeded", content, ())


def test_citations_are_read_from_wherever_they_are_each_address_once() -> None:
    annotations = [
        {"type": "url_citation", "url": "https://a.de/1", "title": "One"},
        {"type": "url_citation", "url_citation": {"url": "https://a.de/2", "title": "2"}},
        {"type": "url_citation", "url": "https://a.de/3", "title": "https://a.de/3"},
    ]
    choices = [step("web_search"), OUTCOME, turn("assistant", "Peru", "stop", annotations=annotations)]
    row = read_result(
        answered(choices=choices, citations=["https://a.de/1", {"url": "https://a.de/4", "title": "Four"}])
    )
    assert row.sources == (
        Source("https://a.de/1", "One"),
        Source("https://a.de/4", "Four"),
        Source("https://a.de/2"),
        Source("https://a.de/3"),
    )


@pytest.mark.parametrize("citations", [None, "https://a.de", {"a": 1}, [None, 7, {}, {"url": 7}, "", " "]])
def test_odd_citations_are_no_sources(citations: Any) -> None:
    assert read_result(answered(citations=citations)).sources == ()


def test_hostile_citations_are_kept_as_texts_and_are_no_links() -> None:
    hostile = [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.de/<script>",
        "https:// a.de",
        "//a.de",
        "https://",
    ]
    hostile += ["https://a.de/\u202egpj", "ftp://a.de/x", "https://[::1", 'https://a.de/"onclick="x']
    row = read_result(answered(citations=hostile))
    assert [source.url for source in row.sources] == hostile
    assert not any(map(is_web_address, hostile))
    assert is_web_address("https://en.wikipedia.org/wiki/Lima_(Peru)?a=1&b=%20#x")


def usage_with(**members: Any) -> dict[str, Any]:
    return {"prompt_tokens": 9, "completion_tokens": 1, "cost_in_usd_ticks": 5, **members}


COUNTS = [
    (usage_with(server_side_tool_usage_details={"web_search_calls": 3, "x_search_calls": 0}), {"web_search": 3}),
    (usage_with(server_side_tool_usage={"SERVER_SIDE_TOOL_X_SEARCH": 2}), {"x_search": 2}),
    (usage_with(server_side_tool_usage_details={"x_search_calls": 1, "x_posts_fetched": 40}), {"x_search": 1}),
    (usage_with(server_side_tool_usage_details={"web_search_calls": 0}), {}),
    (usage_with(), {"web_search": 2, "code_interpreter": 1, "mcp": 1}),
]


@pytest.mark.parametrize(("usage", "calls"), COUNTS)
def test_calls_are_counted_as_xai_does_else_by_the_turns(usage: dict[str, Any], calls: dict[str, int]) -> None:
    names = ("web_search", "browse_page", "code_execution", "crm.lookup")
    row = read_result(answered(choices=[*map(step, names), OUTCOME, ANSWER], usage=usage))
    assert row.usage
    assert (dict(row.usage.calls), row.usage.tool_calls) == (calls, sum(calls.values()))


def test_sources_used_are_kept_as_counted() -> None:
    row = read_result(answered(usage=usage_with(num_sources_used=4)))
    assert row.usage
    assert row.usage.sources_used == 4


def asked(*arguments: str) -> dict[str, Any]:
    calls = [{"id": "c", "type": "function", "function": {"name": "note", "arguments": text}} for text in arguments]
    return turn("assistant", None, "tool_calls", tool_calls=calls)


def test_function_calls_are_the_answer_only_where_functions_were_offered() -> None:
    plain = read_result(answered(choices=[asked('{"city":"Lima"}', "not json")]))
    assert (plain.content, plain.others) == ("", ())
    row = with_calls_as_answers(plain)
    assert row.content == '{"name":"note","arguments":{"city":"Lima"}}'
    assert row.others == ('{"name":"note","arguments":"not json"}',)
    assert row.usage
    assert not row.usage.calls


def test_a_response_is_read_as_the_completion_that_a_batch_would_return() -> None:
    reply = {
        "id": "resp_1",
        "model": "grok-4.3",
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "web_search_call", "status": "completed"},
            {"type": "custom_tool_call", "name": "x_keyword_search"},
            {
                "type": "message",
                "role": "assistant",
                "content": [
                    {
                        "type": "output_text",
                        "text": "Peru",
                        "annotations": [{"type": "url_citation", "url": "https://a.de/1", "title": "One"}],
                    }
                ],
            },
        ],
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 64},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 20},
            "cost_in_usd_ticks": 77,
            "num_server_side_tools_used": 2,
            "server_side_tool_usage_details": {"web_search_calls": 1, "x_search_calls": 1},
        },
    }
    row = read_completion(reply)
    assert (row.content, row.reasoning, row.finish_reason, row.model) == ("Peru", "Hm.", "stop", "grok-4.3")
    assert row.sources == (Source("https://a.de/1", "One"),)
    assert row.usage
    used = row.usage
    assert (used.prompt_tokens, used.cached_tokens, used.completion_tokens, used.reasoning_tokens) == (100, 64, 10, 20)
    assert (used.cost_ticks, dict(used.calls)) == (77, {"web_search": 1, "x_search": 1})


def test_a_response_that_was_cut_off_says_so_as_a_completion_does() -> None:
    reply = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    message = {"type": "message", "content": [{"type": "output_text", "text": "Per"}]}
    assert read_completion({**reply, "output": [message]}).finish_reason == "length"
    assert (read_completion(reply).content, read_completion(reply).finish_reason) == ("", "length")
    half = {"status": "completed", "output": [message | {"status": "incomplete"}]}
    assert read_completion(half).finish_reason == "length"


@pytest.mark.parametrize(
    "items",
    [
        [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}],
        [{"type": "web_search_call", "status": "completed"}],
        [{"type": "function_call", "name": "f", "arguments": "{}"}],
    ],
    ids=["thoughts", "a search", "a call"],
)
def test_a_response_that_ended_before_its_answer_says_why(items: list[dict[str, str]]) -> None:
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": items}
    assert (read_completion(cut).content, read_completion(cut).finish_reason) == ("", "length")
    assert read_completion({"status": "failed", "output": []}).finish_reason == "failed"


def test_thoughts_without_an_answer_are_kept() -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    row = read_completion({"status": "completed", "output": [thought]})
    assert (row.content, row.reasoning, row.finish_reason) == ("", "Hm.", "stop")


def test_a_part_that_refuses_is_a_refusal() -> None:
    parts = [{"type": "refusal", "refusal": "I cannot help with that."}]
    chat = {"choices": [{"message": {"role": "assistant", "content": parts}, "finish_reason": "stop"}]}
    assert (read_completion(chat).content, read_completion(chat).refusal) == ("", "I cannot help with that.")
