"""GET results and requests: order, pages, usage and cost (facts 2.6, 2.7, 2.13)."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.sandbox import model_run, wire_shapes
from tests.sandbox.calls import LocalSandbox, chat_request, chat_requests, ids


def test_results_come_in_id_order_not_in_the_order_sent(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request(key) for key in ("row-9", "row-10", "row-1", "Row-2", "ä", "_")])
    assert ids(sandbox.results(batch_id)) == ["Row-2", "_", "row-1", "row-10", "row-9", "ä"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_any_size_give_every_row_once(sandbox: LocalSandbox, limit: int) -> None:
    batch_id = sandbox.filled(7)
    assert ids(sandbox.results(batch_id, limit)) == ids(sandbox.requests(batch_id, limit))
    assert ids(sandbox.results(batch_id, limit)) == [f"r00{number}" for number in range(1, 8)]


def test_page_has_100_rows_by_default(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(101)
    assert len(sandbox.get(f"/v1/batches/{batch_id}/results").json["results"]) == 100
    assert len(sandbox.get(f"/v1/batches/{batch_id}/requests").json["batch_request_metadata"]) == 100


def test_cursor_is_opaque(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(3)
    token = sandbox.get(f"/v1/batches/{batch_id}/results?limit=2").json["pagination_token"]
    assert "r002" not in token


def test_cursor_misses_rows_that_finish_later_with_a_smaller_id(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("b"), chat_request("c"), chat_request("d")])
    token = sandbox.get(f"/v1/batches/{batch_id}/results?limit=2").json["pagination_token"]
    sandbox.add(batch_id, [chat_request("a")])
    rest = sandbox.get(f"/v1/batches/{batch_id}/results?limit=2&pagination_token={token}").json
    assert ids(rest["results"]) == ["d"]
    assert ids(sandbox.results(batch_id)) == ["a", "b", "c", "d"]


def test_row_has_the_recorded_shape(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("a", "Capital of Peru?", max_completion_tokens=50)])
    [row] = sandbox.results(batch_id)
    completion = row["batch_result"]["response"]["chat_get_completion"]
    assert completion["object"] == "chat.completion"
    [choice] = completion["choices"]
    assert set(choice["message"]) == {"role", "content", "reasoning_content", "refusal"}
    assert (choice["finish_reason"], choice["message"]["refusal"]) == ("stop", None)
    assert set(completion["usage"]) == {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "num_sources_used",
        "cost_in_usd_ticks",
    }


def test_reasoning_is_not_in_completion_tokens_and_hidden_prompt_tokens_are(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("a", "Capital of Peru?")])
    [row] = sandbox.results(batch_id)
    usage = row["batch_result"]["response"]["chat_get_completion"]["usage"]
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    assert reasoning > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] + reasoning
    assert usage["prompt_tokens"] == 190 + 4
    assert usage["prompt_tokens_details"]["cached_tokens"] in (128, 192)


@pytest.mark.parametrize("model", ["grok-4.3", "grok-4.20-0309-reasoning", "grok-4.20-0309-non-reasoning"])
def test_cost_is_exactly_four_fifths_of_the_list_price(sandbox: LocalSandbox, model: str) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request(f"a{number}", "Why? " * number, model=model) for number in range(1, 20)])
    prices = sandbox.get(f"/v1/language-models/{model}").json
    for row in sandbox.results(batch_id):
        usage = row["batch_result"]["response"]["chat_get_completion"]["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        output = usage["completion_tokens"] + usage["completion_tokens_details"]["reasoning_tokens"]
        listed = (
            (usage["prompt_tokens"] - cached) * prices["prompt_text_token_price"]
            + cached * prices["cached_prompt_text_token_price"]
            + output * prices["completion_text_token_price"]
        )
        assert usage["cost_in_usd_ticks"] * 10 == listed * 8


def test_hanging_rows_do_not_make_pages_short_or_empty(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.fault("hang_rows", ids=[f"r{number:03d}" for number in range(1, 9)])
    sandbox.add(batch_id, chat_requests(10))
    page = sandbox.get(f"/v1/batches/{batch_id}/results?limit=2").json
    assert ids(page["results"]) == ["r009", "r010"]
    assert not page["pagination_token"]


def test_requests_have_metadata_only(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(1)
    assert sandbox.requests(batch_id) == [
        {
            "batch_request_id": "r001",
            "endpoint": "xai_api.Chat/GetCompletion",
            "model": "grok-4.3",
            "state": "succeeded",
            "create_time": "2026-08-10",
            "finish_time": "2026-08-10",
        }
    ]


@settings(max_examples=50)
@given(key=st.text(min_size=1), text=st.text(), model=st.sampled_from(["grok-4.3", "grok-4.20-0309-reasoning"]))
def test_row_from_the_template_equals_the_row_from_the_shape(key: str, text: str, model: str) -> None:
    body = orjson.dumps({"chat_get_completion": {"model": model, "messages": [{"role": "user", "content": text}]}})
    run = model_run.run_stored(body)
    assert model_run.unpack(model_run.pack(run), run.ticks) == run
    quick = orjson.loads(orjson.dumps(model_run.success_row(key, run, "salt", 7)))
    assert quick == wire_shapes.success_row(key, model_run.completion(run, "salt", 7))
