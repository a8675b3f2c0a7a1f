"""Direct and deferred completions, models, the key, tokenize-text (facts 5, 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import Room, ask

BODY: dict[str, Any] = {"model": "grok-4.3", "messages": [{"role": "user", "content": "Capital of Peru?"}]}


def test_direct_completion_costs_the_list_price(room: Room) -> None:
    direct = room.post("/v1/chat/completions", BODY)
    batch_id = room.create()
    room.add(batch_id, [ask("a", "Capital of Peru?")])
    batched = room.results(batch_id)[0]["batch_result"]["response"]["chat_get_completion"]
    assert direct.headers["x-request-id"] == direct.json["id"]
    assert direct.json["choices"] == batched["choices"]
    assert batched["usage"]["cost_in_usd_ticks"] * 10 == direct.json["usage"]["cost_in_usd_ticks"] * 8


@pytest.mark.parametrize("model", ["grok-4.5", "grok-4.6", "grok-4.7"])
def test_models_that_batches_refuse_answer_directly(room: Room, model: str) -> None:
    assert room.post("/v1/chat/completions", BODY | {"model": model}).json["model"] == model


REFUSALS = [
    ({"model": "gpt-9"}, 404, "does not exist"),
    ({"messages": []}, 400, "Messages cannot be empty"),
    ({"stop": ["."]}, 400, "does not support parameter stop"),
    ({"temperature": 9}, 400, "out of range"),
    ({"stream": True}, 400, "does not stream"),
    ({"messages": "Hi"}, 422, "messages: invalid type: string"),
]


@pytest.mark.parametrize(("members", "status", "words"), REFUSALS, ids=[words for _, _, words in REFUSALS])
def test_invalid_direct_request_is_refused(room: Room, members: dict[str, Any], status: int, words: str) -> None:
    answered = room.post("/v1/chat/completions", BODY | members)
    assert answered.status == status
    assert words in answered.text


def test_deferred_completion_is_202_then_read_once(tmp_path: Path) -> None:
    room = Room(tmp_path, Settings(deferred_delay=5))
    started = room.post("/v1/chat/completions", BODY | {"deferred": True}).json
    assert set(started) == {"request_id"}
    path = f"/v1/chat/deferred-completion/{started['request_id']}"
    running = room.get(path)
    assert (running.status, running.raw) == (202, b"")
    assert room.get(path, key="sandbox-bob").status == 404
    room.clock.tick(5)
    assert room.get(path).json["object"] == "chat.completion"
    assert room.get(path).status == 404


def test_deferred_completion_is_gone_after_a_day(room: Room) -> None:
    key = room.post("/v1/chat/completions", BODY | {"deferred": True}).json["request_id"]
    room.clock.tick(24 * 3600 + 1)
    assert room.get(f"/v1/chat/deferred-completion/{key}").status == 404


def test_models_do_not_say_whether_they_run_in_batches(room: Room) -> None:
    listed = room.get("/v1/models").json
    assert listed["object"] == "list"
    assert {"id": "grok-4.3", "object": "model", "owned_by": "xai"}.items() <= listed["data"][0].items()
    assert not [name for model in listed["data"] for name in model if "batch" in name]


def test_language_models_have_prices_in_ticks_per_token(room: Room) -> None:
    models = {model["id"]: model for model in room.get("/v1/language-models").json["models"]}
    model = models["grok-4.3"]
    prices = ("prompt_text_token_price", "cached_prompt_text_token_price", "completion_text_token_price")
    assert [model[name] for name in prices] == [12_500, 2_000, 25_000]
    assert room.get("/v1/language-models/grok-4.3").json == model
    assert room.get("/v1/language-models/grok-4.3-latest").json == model


def test_unknown_language_model_is_404(room: Room) -> None:
    answered = room.get("/v1/language-models/gpt-9")
    assert (answered.status, answered.json["error"]) == (404, "Model 'gpt-9' not found.")


def test_api_key_route_describes_the_key(room: Room) -> None:
    about = room.get("/v1/api-key").json
    assert (about["api_key_blocked"], about["api_key_disabled"], about["team_blocked"]) == (False, False, False)
    assert about["redacted_api_key"] == "sa***ce"
    batch = room.post("/v1/batches", {"name": "x"}).json
    assert batch["create_api_key_id"] == about["api_key_id"]


def test_tokenize_text_splits_into_the_tokens_that_are_counted(room: Room) -> None:
    tokens = room.post("/v1/tokenize-text", {"model": "grok-4.3", "text": "Größe 日本"}).json["token_ids"]
    assert "".join(token["string_token"] for token in tokens) == "Größe 日本"
    assert bytes(tokens[0]["token_bytes"]).decode() == tokens[0]["string_token"]
    assert len(tokens) == 2


def test_tokenize_without_text_is_422(room: Room) -> None:
    assert room.post("/v1/tokenize-text", {"model": "grok-4.3"}).status == 422
