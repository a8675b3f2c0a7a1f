"""Requests with tools: the turns of a run, its sources, its fees, and odd ones (facts 2.7, 6.5)."""

from __future__ import annotations

from typing import Any

import pytest

from batchsite.sandbox.price_list import Usage, batch_price, find_model
from batchsite.sandbox.tool_shapes import ODD_RUNS
from tests.sandbox.calls import LocalSandbox

FEE = 50_000_000
SEARCH = {"type": "web_search"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def body_with(*tools: dict[str, Any], asked: str = "Who won?") -> dict[str, Any]:
    return {"model": "grok-4.3", "input": [{"role": "user", "content": asked}], "tools": list(tools), "store": False}


def completions(sandbox: LocalSandbox, *bodies: dict[str, Any], kind: str = "responses") -> list[dict[str, Any]]:
    batch_id = sandbox.create()
    requests = [{"batch_request_id": f"r{number}", "batch_request": {kind: body}} for number, body in enumerate(bodies)]
    sandbox.add(batch_id, requests)
    return [row["batch_result"] for row in sandbox.results(batch_id)]


def completion(sandbox: LocalSandbox, *tools: dict[str, Any], asked: str = "Who won?") -> dict[str, Any]:
    [result] = completions(sandbox, body_with(*tools, asked=asked))
    answer: dict[str, Any] = result["response"]["chat_get_completion"]
    return answer


def test_a_search_is_a_run_of_turns_with_the_answer_last(sandbox: LocalSandbox) -> None:
    answer = completion(sandbox, SEARCH)
    *steps, last = answer["choices"]
    calls = len(steps) // 2
    assert [step["message"]["role"] for step in steps] == ["assistant", "tool"] * calls
    assert {step["finish_reason"] for step in steps} == {""}
    assert last["message"]["content"].startswith("Simulated answer:")
    assert answer["usage"]["server_side_tool_usage_details"]["web_search_calls"] == calls
    assert answer["citations"] == [cited["url"] for cited in last["message"]["annotations"]]
    assert answer["usage"]["num_sources_used"] == len(answer["citations"]) >= 2


def test_calls_are_billed_beside_tokens_without_the_discount(sandbox: LocalSandbox) -> None:
    usage = completion(sandbox, SEARCH)["usage"]
    tokens = Usage(
        usage["prompt_tokens"],
        usage["prompt_tokens_details"]["cached_tokens"],
        usage["completion_tokens"],
        usage["completion_tokens_details"]["reasoning_tokens"],
    )
    model = find_model("grok-4.3")
    assert model
    assert usage["cost_in_usd_ticks"] == batch_price(model, tokens) + FEE * usage["num_server_side_tools_used"]


def test_the_same_request_answers_directly_as_a_response_at_list_price(sandbox: LocalSandbox) -> None:
    batched, direct = completion(sandbox, SEARCH), sandbox.post("/v1/responses", body_with(SEARCH)).json
    usage, fees = direct["usage"], FEE * batched["usage"]["num_server_side_tools_used"]
    said = [item for item in direct["output"] if item["type"] == "message"]
    assert said[-1]["content"][0]["text"] == batched["choices"][-1]["message"]["content"]
    assert usage["output_tokens"] > usage["output_tokens_details"]["reasoning_tokens"]
    assert usage["num_sources_used"] == 0, "as recorded, although there were calls"
    assert (usage["cost_in_usd_ticks"] - fees) * 8 == (batched["usage"]["cost_in_usd_ticks"] - fees) * 10


def test_filters_are_kept(sandbox: LocalSandbox) -> None:
    within = completion(sandbox, {"type": "web_search", "filters": {"allowed_domains": ["who.int"]}})
    without = completion(sandbox, {"type": "web_search", "filters": {"excluded_domains": ["example.com"]}})
    posts = completion(sandbox, {"type": "x_search", "allowed_x_handles": ["nasa"]})
    assert {url.split("/")[2] for url in within["citations"]} == {"who.int"}
    assert "example.com" not in {url.split("/")[2] for url in without["citations"]}
    assert {url.split("/")[3] for url in posts["citations"]} == {"nasa"}


REFUSED = [
    ("responses", {"type": "web_search", "filters": {"allowed_domains": ["a.de"], "excluded_domains": ["b.de"]}}),
    ("responses", {"type": "web_search", "filters": {"allowed_domains": [f"{one}.de" for one in "abcdef"]}}),
    ("responses", {"type": "x_search", "excluded_x_handles": [f"h{number}" for number in range(11)]}),
    ("responses", {"type": "telepathy"}),
    ("responses", {"type": "mcp", "server_url": "https://example.org/mcp"}),
    ("responses", {"type": "mcp", "server_label": "notes", "server_url": "https://example.org/private/mcp"}),
    ("chat_get_completion", SEARCH),
]


@pytest.mark.parametrize(("kind", "tool"), REFUSED)
def test_tools_that_cannot_be_used_fail_the_row(sandbox: LocalSandbox, kind: str, tool: dict[str, Any]) -> None:
    body = body_with(tool)
    body = body if kind == "responses" else {**body, "messages": body["input"]}
    assert "error" in completions(sandbox, body, kind=kind)[0]


def test_a_function_of_the_client_ends_the_run_with_its_call(sandbox: LocalSandbox) -> None:
    answer = completion(sandbox, {"type": "function", "name": "note_city", "parameters": SCHEMA})
    last = answer["choices"][-1]
    assert last["finish_reason"] == "tool_calls"
    assert last["message"]["tool_calls"][0]["function"]["name"] == "note_city"
    assert answer["usage"]["num_server_side_tools_used"] == 0


@pytest.mark.parametrize("form", ODD_RUNS)
def test_odd_runs_change_what_is_told_and_not_what_is_billed(sandbox: LocalSandbox, form: str) -> None:
    usual = completion(sandbox, SEARCH)
    sandbox.fault("odd_runs", form=form)
    odd = completion(sandbox, SEARCH)
    assert odd["usage"]["cost_in_usd_ticks"] == usual["usage"]["cost_in_usd_ticks"]
    assert {**odd, "id": ""} != {**usual, "id": ""}
