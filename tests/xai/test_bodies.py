"""What is sent for a row: the wrapper of both kinds, and the same bytes for the same row."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai.bodies import (
    CHAT,
    PARAMS,
    RESPONSES,
    Kind,
    Message,
    chat_body,
    encode_requests,
    request_item,
)

MESSAGES = [Message("system", "One word."), Message("user", "Capital of Peru?")]
SCHEMA = {"type": "object", "properties": {"why": {"type": "string"}, "answer": {"type": "string"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": SCHEMA}}


def item(kind: Kind, **params: Any) -> dict[str, Any]:
    return request_item("r1", kind=kind, model="grok-4.3", messages=MESSAGES, params=params)


def test_chat_row_matches_the_recording() -> None:
    assert encode_requests([item(CHAT, max_completion_tokens=50)]) == (
        b'{"batch_requests":[{"batch_request_id":"r1","batch_request":{"chat_get_completion":{"model":"grok-4.3",'
        b'"messages":[{"role":"system","content":"One word."},{"role":"user","content":"Capital of Peru?"}],'
        b'"max_completion_tokens":50}}}]}'
    )


def test_responses_row_matches_the_recording() -> None:
    assert encode_requests([item(RESPONSES)]) == (
        b'{"batch_requests":[{"batch_request_id":"r1","batch_request":{"responses":{"model":"grok-4.3",'
        b'"input":[{"role":"system","content":"One word."},{"role":"user","content":"Capital of Peru?"}],'
        b'"store":false,"stream":false}}}]}'
    )


def test_chat_parameters_are_sent_unchanged() -> None:
    params = {
        "temperature": 0,
        "top_p": 0.5,
        "max_completion_tokens": 9,
        "seed": 0,
        "stop": ["\n"],
        "reasoning_effort": "low",
        "response_format": FORMAT,
    }
    body = item(CHAT, **params)["batch_request"][CHAT]
    assert {name: body[name] for name in params} == params


def test_responses_parameters_are_translated() -> None:
    body = item(
        RESPONSES,
        temperature=0,
        top_p=0.5,
        max_completion_tokens=9,
        reasoning_effort="low",
        response_format=FORMAT,
    )["batch_request"][RESPONSES]
    assert body == {
        "model": "grok-4.3",
        "input": [{"role": "system", "content": "One word."}, {"role": "user", "content": "Capital of Peru?"}],
        "temperature": 0,
        "top_p": 0.5,
        "max_output_tokens": 9,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "city", "strict": True, "schema": SCHEMA}},
        "store": False,
        "stream": False,
    }


@pytest.mark.parametrize("format_type", ["text", "json_object"])
def test_plain_response_formats_are_translated(format_type: str) -> None:
    body = item(RESPONSES, response_format={"type": format_type})["batch_request"][RESPONSES]
    assert body["text"] == {"format": {"type": format_type}}


@pytest.mark.parametrize(("kind", "key"), [(RESPONSES, "bs-1"), (CHAT, None)])
def test_a_cache_key_goes_with_responses_only(kind: Kind, key: str | None) -> None:
    body = request_item("r", kind=kind, model="m", messages=[], params={}, cache_key="bs-1")["batch_request"][kind]
    assert body.get("prompt_cache_key") == key


@pytest.mark.parametrize("kind", [CHAT, RESPONSES])
def test_unset_parameters_are_not_sent(kind: Kind) -> None:
    assert item(kind, **dict.fromkeys(PARAMS)) == item(kind)


@pytest.mark.parametrize(("name", "value"), [("seed", 7), ("stop", ["x"])])
def test_parameters_that_responses_lack_are_refused_not_dropped(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        item(RESPONSES, **{name: value})


@pytest.mark.parametrize("kind", [CHAT, RESPONSES])
def test_unknown_parameter_is_refused_by_name(kind: Kind) -> None:
    with pytest.raises(ValueError, match="'temprature'"):
        item(kind, temprature=0.5)


def test_unknown_kind_is_refused() -> None:
    kind: Any = "film_generation"
    with pytest.raises(ValueError, match="film_generation"):
        item(kind)


def test_real_time_body_equals_that_of_a_batch_row() -> None:
    params = {"temperature": 0.2}
    assert chat_body("grok-4.3", MESSAGES, params) == item(CHAT, **params)["batch_request"][CHAT]


def test_schema_keeps_the_order_of_its_properties() -> None:
    sent = encode_requests([item(CHAT, response_format=FORMAT)])
    assert sent.index(b'"why"') < sent.index(b'"answer"')


@settings(deadline=None)  # a busy machine must not fail this
@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(PARAMS[:3]), st.none() | st.floats(0, 2) | st.integers(1, 99)),
    st.sampled_from([CHAT, RESPONSES]),
    st.randoms(use_true_random=False),
)
def test_same_row_always_gives_the_same_bytes(
    prompts: list[str], params: dict[str, Any], kind: Kind, chance: random.Random
) -> None:
    shuffled = list(params.items())
    chance.shuffle(shuffled)
    messages = [Message("user", prompt) for prompt in prompts]

    def sent(given: dict[str, Any]) -> bytes:
        one = request_item("r1", kind=kind, model="m", messages=messages, params=given)
        return encode_requests([one])

    assert sent(params) == sent(dict(shuffled))
    body = orjson.loads(sent(params))["batch_requests"][0]["batch_request"][kind]
    assert [turn["content"] for turn in body["messages" if kind == CHAT else "input"]] == prompts


def test_row_that_cannot_be_encoded_is_named() -> None:
    rows = [
        request_item(row_id, model="m", messages=[Message("user", words)], params={})
        for row_id, words in (("r1", "fine"), ("r2", "half a pair \ud83d"), ("r3", "fine"))
    ]
    with pytest.raises(ValueError, match="'r2'"):
        encode_requests(rows)


def test_rows_may_come_from_a_generator() -> None:
    assert orjson.loads(encode_requests(row for row in [item(CHAT)])) == {"batch_requests": [item(CHAT)]}


FUNCTION = {"name": "note_city", "description": "Notes a city.", "parameters": SCHEMA}
SEARCH = {"type": "web_search"}


def test_a_function_stands_in_a_chat_as_it_does_nowhere_else() -> None:
    row = request_item("r1", kind=CHAT, model="grok-4.3", messages=MESSAGES, params={}, function=FUNCTION)
    body = row["batch_request"][CHAT]
    assert (body["tools"], body["tool_choice"]) == ([{"type": "function", "function": FUNCTION}], "required")


@pytest.mark.parametrize(("tools", "is_forced"), [([], True), ([SEARCH], False)])
def test_a_function_beside_tools_is_not_forced(tools: list[dict[str, Any]], is_forced: bool) -> None:
    asked: dict[str, Any] = {
        "model": "grok-4.3",
        "messages": MESSAGES,
        "params": {},
        "function": FUNCTION,
        "tools": tools,
    }
    body = request_item("r1", kind=RESPONSES, **asked)["batch_request"][RESPONSES]
    assert body["tools"] == [*tools, {"type": "function", **FUNCTION}]
    assert ("tool_choice" in body) == is_forced
