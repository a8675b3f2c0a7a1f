"""POST /v1/batches/{id}/requests: admission checks schema, model and id; all or none (facts 2.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calls import LocalSandbox, chat_request, chat_requests, content, error, ids


def test_add_replies_null(sandbox: LocalSandbox) -> None:
    response = sandbox.add(sandbox.create(), chat_requests(2))
    assert (response.status, response.raw, response.headers["content-length"]) == (200, b"null", "4")


def test_requests_of_both_kinds_come_back_as_chat_get_completion(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    inner = {"model": "grok-4.3", "input": [{"role": "user", "content": "2+2?"}], "store": False}
    sandbox.add(batch_id, [chat_request("a"), {"batch_request_id": "b", "batch_request": {"responses": inner}}])
    rows = sandbox.results(batch_id)
    assert ids(rows) == ["a", "b"]
    assert all("Simulated answer:" in content(row) for row in rows)
    assert {row["endpoint"] for row in sandbox.requests(batch_id)} == {"xai_api.Chat/GetCompletion"}


def test_missing_id_is_generated(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request(None)])
    [made] = ids(sandbox.requests(batch_id))
    assert made.startswith("batch_request_")


def test_adding_the_same_again_changes_nothing(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, chat_requests(3))
    before = sandbox.get(f"/v1/batches/{batch_id}").json
    assert sandbox.add(batch_id, chat_requests(3)).raw == b"null"
    assert sandbox.get(f"/v1/batches/{batch_id}").json == before
    assert ids(sandbox.results(batch_id)) == ["r001", "r002", "r003"]


def test_adding_known_and_new_requests_adds_the_new_ones(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, chat_requests(3))
    assert sandbox.add(batch_id, chat_requests(5)).raw == b"null"
    assert sandbox.counters(batch_id)["num_success"] == 5


def test_known_id_with_other_content_is_412_and_adds_nothing(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, chat_requests(1))
    response = sandbox.add(batch_id, [*chat_requests(1, first=2), chat_request("r001", "Question 1!")])
    assert response.status == 412
    assert "'r001' content differs" in response.json["error"]
    assert ids(sandbox.requests(batch_id)) == ["r001"]


def test_id_twice_in_one_call_is_admitted_once_or_refused(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    assert sandbox.add(batch_id, [chat_request("a"), chat_request("a")]).raw == b"null"
    assert sandbox.add(batch_id, [chat_request("b", "one"), chat_request("b", "two")]).status == 412
    assert ids(sandbox.requests(batch_id)) == ["a"]


@pytest.mark.parametrize("model", ["grok-4.5", "grok-4.6", "grok-4.7", "grok-3-mini", "grok-code-fast-1"])
def test_one_model_that_is_not_batchable_refuses_the_whole_call(sandbox: LocalSandbox, model: str) -> None:
    batch_id = sandbox.create()
    response = sandbox.add(batch_id, [*chat_requests(2), chat_request("bad", model=model)])
    assert response.status == 400
    assert response.json["error"] == f"Model {model} is not supported for batch processing."
    assert sandbox.requests(batch_id) == []


def test_unknown_model_is_refused(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    assert "does not exist" in sandbox.add(batch_id, [chat_request("a", model="gpt-9")]).json["error"]
    inner = {"model": "gpt-9", "input": "hello"}
    assert sandbox.add(batch_id, [{"batch_request": {"responses": inner}}]).status == 400
    assert sandbox.requests(batch_id) == []


def test_alias_is_answered_by_its_model(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("a", model="grok-4.3-latest")])
    assert sandbox.requests(batch_id)[0]["model"] == "grok-4.3-latest"
    assert sandbox.results(batch_id)[0]["batch_result"]["response"]["chat_get_completion"]["model"] == "grok-4.3"


def wrapped(**inner: Any) -> dict[str, Any]:
    return {"batch_requests": [{"batch_request_id": "a", "batch_request": inner}]}


MISFITS = [
    ({}, "missing field `batch_requests`"),
    ({"batch_requests": {}}, "batch_requests: invalid type: map"),
    ({"batch_requests": ["text"]}, "batch_requests[0]: invalid type: string"),
    ({"batch_requests": [{"batch_request_id": "a"}]}, "batch_requests[0]: missing field `batch_request`"),
    ({"batch_requests": [{**chat_request("a"), "batch_request_id": 7}]}, "batch_request_id: invalid type: integer"),
    (wrapped(film_generation={}), "unknown variant"),
    (wrapped(video_generation={"model": "grok-imagine-video"}), "missing field `prompt`"),
    (wrapped(image_generation={"model": "grok-imagine-image"}), "missing field `prompt`"),
    (wrapped(image_edit={"model": "grok-imagine-image", "prompt": "x"}), "missing field `image`"),
    (wrapped(chat_get_completion=[]), "invalid type: sequence"),
    (wrapped(chat_get_completion={"messages": []}), "missing field `model`"),
    (wrapped(chat_get_completion={"model": "grok-4.3"}), "missing field `messages`"),
    (wrapped(responses={"model": "grok-4.3", "messages": []}), "missing field `input`"),
    (wrapped(chat_get_completion={"model": "grok-4.3", "messages": [{"content": "x"}]}), "missing field `role`"),
    (wrapped(chat_get_completion={"model": "grok-4.3", "messages": [{"role": "boss"}]}), "unknown variant `boss`"),
    (
        wrapped(chat_get_completion={"model": "grok-4.3", "messages": [], "max_tokens": "5"}),
        "max_tokens: invalid type: string",
    ),
    (
        wrapped(chat_get_completion={"model": "grok-4.3", "messages": [], "temperature": True}),
        "temperature: invalid type: boolean",
    ),
]


@pytest.mark.parametrize(("payload", "expected"), MISFITS, ids=[expected for _, expected in MISFITS])
def test_body_that_does_not_fit_the_schema_is_422(sandbox: LocalSandbox, payload: Any, expected: str) -> None:
    batch_id = sandbox.create()
    response = sandbox.post(f"/v1/batches/{batch_id}/requests", payload)
    assert (response.status, response.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    assert expected in response.text
    assert sandbox.requests(batch_id) == []


VALUES = [
    ({"max_tokens": -1}, "max_tokens must be positive"),
    ({"max_completion_tokens": 0}, "max_tokens must be positive"),
    ({"presence_penalty": 0}, "does not support parameter presencePenalty"),
    ({"frequency_penalty": 0.0}, "does not support parameter frequencyPenalty"),
    ({"stop": ["."]}, "does not support parameter stop"),
    ({"reasoning_effort": "extreme"}, "does not support parameter reasoningEffort"),
    ({"messages": []}, "Messages cannot be empty"),
    ({"n": 1000}, "n must be between"),
]


@pytest.mark.parametrize(("members", "expected"), VALUES, ids=[expected for _, expected in VALUES])
def test_bad_value_is_admitted_and_fails_only_its_row(sandbox: LocalSandbox, members: Any, expected: str) -> None:
    batch_id = sandbox.create()
    bad = chat_request("bad")
    bad["batch_request"]["chat_get_completion"] |= members
    assert sandbox.add(batch_id, [bad, chat_request("good")]).raw == b"null"
    assert sandbox.counters(batch_id) == {
        "num_requests": 2,
        "num_pending": 0,
        "num_success": 1,
        "num_error": 1,
        "num_cancelled": 0,
    }
    rows = {row["batch_request_id"]: row for row in sandbox.results(batch_id)}
    assert expected in error(rows["bad"])
    assert "Simulated answer:" in content(rows["good"])


@pytest.mark.parametrize("members", [{"temperature": 99}, {"temperature": -1}, {"top_p": 1.5}])
def test_temperature_out_of_range_hangs_for_ever(sandbox: LocalSandbox, members: dict[str, Any]) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("bad", **members), chat_request("good")])
    sandbox.clock.tick(7 * 24 * 3600)
    assert sandbox.counters(batch_id)["num_pending"] == 1
    assert ids(sandbox.results(batch_id)) == ["good"]
    assert [row["state"] for row in sandbox.requests(batch_id)] == ["pending", "succeeded"]


def test_model_without_reasoning_accepts_penalties(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("a", model="grok-4.20-0309-non-reasoning", presence_penalty=0)])
    assert sandbox.counters(batch_id)["num_success"] == 1


def test_requests_can_be_added_to_a_finished_batch(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(2)
    assert sandbox.counters(batch_id)["num_pending"] == 0
    sandbox.set(rate=1)
    sandbox.add(batch_id, chat_requests(2, first=3))
    assert sandbox.counters(batch_id) | {"num_cancelled": 0} == sandbox.counters(batch_id)
    assert sandbox.counters(batch_id)["num_pending"] == 2


def test_request_above_25_mb_is_refused(sandbox: LocalSandbox) -> None:
    response = sandbox.add(sandbox.create(), [chat_request("big", "x" * (25 * 1024 * 1024))])
    assert response.status == 400
    assert "exceeds the maximum size" in response.json["error"]


def test_unknown_batch_is_404(sandbox: LocalSandbox) -> None:
    assert sandbox.add("batch_unknown", chat_requests(1)).status == 404
