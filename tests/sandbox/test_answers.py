"""The simulated answers: deterministic, and recognisable as simulated."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from batchsite.sandbox.model_run import run_stored
from tests.sandbox.calls import LocalSandbox, chat_request, content


def run_chat(text: str, **members: Any) -> Any:
    """Returns the run of one chat request."""
    body = {"model": "grok-4.3", "messages": [{"role": "user", "content": text}], **members}
    return run_stored(orjson.dumps({"chat_get_completion": body}))


def test_same_request_gets_the_same_answer_and_cost_in_every_batch(sandbox: LocalSandbox) -> None:
    runs = []
    for _ in range(2):
        batch_id = sandbox.create()
        sandbox.add(batch_id, [chat_request("a", "Where is my card?")])
        completion = sandbox.results(batch_id)[0]["batch_result"]["response"]["chat_get_completion"]
        runs.append((completion["choices"], completion["usage"]))
    assert runs[0] == runs[1]


def test_different_requests_get_different_answers() -> None:
    answers = {run_chat(f"Where is card {number}?").answer.choices[0] for number in range(50)}
    assert len(answers) > 25


def test_every_free_text_says_it_is_simulated() -> None:
    for text in ("", "Hi", "word " * 500, "日本語のテキスト"):
        assert run_chat(text).answer.choices[0].startswith("Simulated answer:")


def test_marks_around_a_text_are_no_part_of_the_answer() -> None:
    answer = run_chat("<text>\nMy card\n</text>").answer.choices[0]
    assert answer.startswith("Simulated answer: My card (")
    assert "<script>" in run_chat("Is <script> a tag?").answer.choices[0]


def test_longer_prompt_gets_a_longer_answer() -> None:
    short, long = run_chat("word " * 4).answer, run_chat("word " * 400).answer
    assert len(long.choices[0]) > len(short.choices[0])
    assert len(long.choices[0]) < 1000


def test_token_cap_truncates_with_finish_reason_length() -> None:
    run = run_chat("word " * 400, max_completion_tokens=5)
    assert (len(run.answer.choices[0]), run.answer.finish_reason) == (20, "length")
    assert run.answer.usage.completion == 5
    assert run.answer.usage.reasoning > 5


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_both_names_of_the_cap_work(name: str) -> None:
    assert run_chat("word " * 400, **{name: 5}).answer.finish_reason == "length"


def test_effort_none_turns_reasoning_off() -> None:
    run = run_chat("Hi", reasoning_effort="none")
    assert (run.answer.reasoning, run.answer.usage.reasoning) == (None, 0)


def test_only_grok_4_3_shows_its_reasoning() -> None:
    assert "Simulated reasoning" in run_chat("Hi").answer.reasoning
    other = run_chat("Hi", model="grok-4.20-0309-reasoning").answer
    assert other.reasoning is None
    assert other.usage.reasoning > 0
    assert run_chat("Hi", model="grok-4.20-0309-non-reasoning").answer.usage.reasoning == 0


def test_all_choices_are_billed() -> None:
    one, three = run_chat("Hi there").answer, run_chat("Hi there", n=3).answer
    assert len(set(three.choices)) == 3
    assert three.usage.completion > 2 * one.usage.completion


def test_whole_prompt_is_counted_and_the_last_user_message_answered() -> None:
    messages = [
        {"role": "system", "content": "x" * 400},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "second"},
        {"role": "user", "content": [{"type": "text", "text": "third"}, {"type": "image_url", "image_url": {}}]},
    ]
    run = run_chat("", messages=messages)
    assert "third" in run.answer.choices[0]
    assert run.answer.usage.image == 1792
    assert run.answer.usage.prompt == 190 + (400 + len("firstsecondthird")) // 4 + 1792


@pytest.mark.parametrize(
    "inner",
    [
        {"input": "Hi", "max_output_tokens": 1},
        {"input": [{"role": "user", "content": "Hi"}], "max_output_tokens": 1},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}], "max_output_tokens": 1},
    ],
)
def test_responses_kind_is_understood(inner: dict[str, Any]) -> None:
    body = {"model": "grok-4.3", "reasoning": {"effort": "none"}, **inner}
    run = run_stored(orjson.dumps({"responses": body}))
    assert (run.answer.choices, run.answer.finish_reason, run.answer.usage.reasoning) == (["Simu"], "length", 0)


def test_prompt_above_200_000_tokens_costs_double() -> None:
    below, above = run_chat("x" * 4 * 199_000), run_chat("x" * 4 * 201_000)
    assert above.ticks > 1.9 * below.ticks


def test_json_object_format_gives_an_object(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat_request("a", "Hi", response_format={"type": "json_object"})])
    assert orjson.loads(content(sandbox.results(batch_id)[0]))["answer"].startswith("Simulated answer:")


def test_schema_is_honoured_in_both_kinds(sandbox: LocalSandbox) -> None:
    schema = {"type": "object", "properties": {"label": {"enum": ["card", "loan"]}}, "required": ["label"]}
    chat = chat_request(
        "a", "My card!", response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    )
    form = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
    responses = {"responses": {"model": "grok-4.3", "input": "My loan!", "text": form}}
    batch_id = sandbox.create()
    sandbox.add(batch_id, [chat, {"batch_request_id": "b", "batch_request": responses}])
    assert [orjson.loads(content(row)) for row in sandbox.results(batch_id)] == [{"label": "card"}, {"label": "loan"}]
