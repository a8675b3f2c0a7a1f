"""Direct and deferred completions, models, the key, tokenize-text (facts 5, 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_request

BODY: dict[str, Any] = {"model": "grok-4.3", "messages": [{"role": "user", "content": "Capital of Peru?"}]}


def test_direct_completion_costs_the_list_price(sandbox: LocalSandbox) -> None:
    direct = sandbox.post("/v1/chat/completions", BODY)
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("a", "Capital of Peru?")])
    batched = sandbox.results(batch_id)[0]["batch_result"]["response"]["chat_get_completion"]
    assert direct.headers["x-request-id"] == direct.json["id"]
    assert direct.json["choices"] == batched["choices"]
    assert batched["usage"]["cost_in_usd_ticks"] * 10 == direct.json["usage"]["cost_in_usd_ticks"] * 8


@pytest.mark.parametrize("model", ["grok-4.5", "grok-4.6", "grok-4.7"])
def test_models_that_batches_refuse_answer_directly(sandbox: LocalSandbox, model: str) -> None:
    assert sandbox.post("/v1/chat/completions", BODY | {"model": model}).json["model"] == model


REFUSALS = [
    ({"model": "gpt-9"}, 404, "does not exist"),
    ({"messages": []}, 400, "Messages cannot be empty"),
    ({"stop": ["."]}, 400, "does not support parameter stop"),
    ({"temperature": 9}, 400, "out of range"),
    ({"stream": True}, 400, "does not stream"),
    ({"messages": "Hi"}, 422, "messages: invalid type: string"),
]


@pytest.mark.parametrize(("members", "status", "expected"), REFUSALS, ids=[expected for _, _, expected in REFUSALS])
def test_invalid_direct_request_is_refused(
    sandbox: LocalSandbox, members: dict[str, Any], status: int, expected: str
) -> None:
    response = sandbox.post("/v1/chat/completions", BODY | members)
    assert response.status == status
    assert expected in response.text


def test_deferred_completion_is_202_then_read_once(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(deferred_delay=5))
    started = sandbox.post("/v1/chat/completions", BODY | {"deferred": True}).json
    assert set(started) == {"request_id"}
    path = f"/v1/chat/deferred-completion/{started['request_id']}"
    running = sandbox.get(path)
    assert (running.status, running.raw) == (202, b"")
    assert sandbox.get(path, key="sandbox-bob").status == 404
    sandbox.clock.tick(5)
    assert sandbox.get(path).json["object"] == "chat.completion"
    assert sandbox.get(path).status == 404


def test_deferred_completion_is_gone_after_a_day(sandbox: LocalSandbox) -> None:
    key = sandbox.post("/v1/chat/completions", BODY | {"deferred": True}).json["request_id"]
    sandbox.clock.tick(24 * 3600 + 1)
    assert sandbox.get(f"/v1/chat/deferred-completion/{key}").status == 404


def test_the_ledger_knows_what_was_asked_and_read(sandbox: LocalSandbox) -> None:
    named = {"x-client-request-id": "row-1"}
    key = sandbox.post("/v1/chat/completions", BODY | {"deferred": True}, headers=named).json["request_id"]
    asked = sandbox.get("/admin/ledger/direct").json["calls"]
    assert [(one["request_id"], one["client_request_id"], one["read"]) for one in asked] == [(key, "row-1", 0)]
    cost = sandbox.get(f"/v1/chat/deferred-completion/{key}").json["usage"]["cost_in_usd_ticks"]
    [call] = sandbox.get("/admin/ledger/direct").json["calls"]
    assert (call["read"], call["cost_in_usd_ticks"]) == (1, cost)


def test_more_calls_a_minute_than_allowed_are_refused(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(requests_per_minute=2))
    left = [sandbox.post("/v1/chat/completions", BODY).headers["x-ratelimit-remaining-requests"] for _ in range(2)]
    assert left == ["1", "0"]
    refused = sandbox.post("/v1/chat/completions", BODY)
    assert (refused.status, "retry-after" in refused.headers) == (429, False)
    sandbox.clock.tick(60)
    assert sandbox.post("/v1/chat/completions", BODY).status == 200


def test_models_do_not_say_whether_they_run_in_batches(sandbox: LocalSandbox) -> None:
    listed = sandbox.get("/v1/models").json
    assert listed["object"] == "list"
    assert {"id": "grok-4.3", "object": "model", "owned_by": "xai"}.items() <= listed["data"][0].items()
    assert not [name for model in listed["data"] for name in model if "batch" in name]


def test_language_models_have_prices_in_ticks_per_token(sandbox: LocalSandbox) -> None:
    models = {model["id"]: model for model in sandbox.get("/v1/language-models").json["models"]}
    model = models["grok-4.3"]
    prices = ("prompt_text_token_price", "cached_prompt_text_token_price", "completion_text_token_price")
    assert [model[name] for name in prices] == [12_500, 2_000, 25_000]
    assert sandbox.get("/v1/language-models/grok-4.3").json == model
    assert sandbox.get("/v1/language-models/grok-4.3-latest").json == model


def test_unknown_language_model_is_404(sandbox: LocalSandbox) -> None:
    response = sandbox.get("/v1/language-models/gpt-9")
    assert (response.status, response.json["error"]) == (404, "Model 'gpt-9' not found.")


def test_api_key_route_describes_the_key(sandbox: LocalSandbox) -> None:
    about = sandbox.get("/v1/api-key").json
    assert (about["api_key_blocked"], about["api_key_disabled"], about["team_blocked"]) == (False, False, False)
    assert about["redacted_api_key"] == "sa***ce"
    batch = sandbox.post("/v1/batches", {"name": "x"}).json
    assert batch["create_api_key_id"] == about["api_key_id"]


def test_tokenize_text_splits_into_the_tokens_that_are_counted(sandbox: LocalSandbox) -> None:
    tokens = sandbox.post("/v1/tokenize-text", {"model": "grok-4.3", "text": "Größe 日本"}).json["token_ids"]
    assert "".join(token["string_token"] for token in tokens) == "Größe 日本"
    assert bytes(tokens[0]["token_bytes"]).decode() == tokens[0]["string_token"]
    assert len(tokens) == 2


def test_tokenize_without_text_is_422(sandbox: LocalSandbox) -> None:
    assert sandbox.post("/v1/tokenize-text", {"model": "grok-4.3"}).status == 422
