"""Parameters by model: what is offered, and what is refused before a row is spent."""

from __future__ import annotations

from typing import Any

import pytest

from batchsite.recipes.parameters import NAMES, check_params, parameters_of, refused
from batchsite.xai.bodies import PARAMS
from batchsite.xai.catalogue import BATCH_MODELS

THINKS, ANSWERS_AT_ONCE = "grok-4.3", "grok-4.20-0309-non-reasoning"


def names_of(model: str) -> list[str]:
    return [one.name for one in parameters_of(model)]


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("grok-4.3", ["none", "low", "medium", "high", "xhigh"]),
        ("grok-4.5", ["low", "medium", "high", "xhigh"]),
        ("grok-4.6", ["low", "medium", "high", "xhigh"]),
        ("grok-4.7", ["low", "medium", "high", "xhigh"]),
        ("grok-3-mini", ["low", "high"]),
        ("grok-4.20-0309-reasoning", None),
        ("grok-4.20-0309-non-reasoning", None),
        ("grok-9", None),
    ],
)
def test_a_reasoning_effort_is_offered_to_models_that_take_it(model: str, efforts: list[str] | None) -> None:
    found = next((one for one in parameters_of(model) if one.name == "reasoning_effort"), None)
    assert (found and [value for value, _ in found.choices]) == efforts


def test_stop_texts_are_for_models_that_do_not_reason() -> None:
    assert "stop" in names_of(ANSWERS_AT_ONCE)
    assert "stop" not in names_of(THINKS)
    assert check_params(THINKS, {"stop": ["END"]})["stop"].startswith("grok-4.3 reasons")


@pytest.mark.parametrize("model", [one.id for one in BATCH_MODELS])
def test_all_that_is_offered_can_be_sent_and_says_what_it_does(model: str) -> None:
    for one in parameters_of(model):
        assert one.name in PARAMS
        assert one.name in NAMES
        assert one.label
        assert one.help.endswith(".")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"temperature": 2.1}, "A number from 0 to 2."),
        ({"temperature": "warm"}, "A number from 0 to 2."),
        ({"temperature": True}, "A number from 0 to 2."),
        ({"temperature": float("nan")}, "A number from 0 to 2."),
        ({"top_p": -1}, "A number from 0 to 1."),
        ({"max_completion_tokens": 0}, "A whole number from 1 to 1,000,000."),
        ({"max_completion_tokens": 1.5}, "A whole number from 1 to 1,000,000."),
        ({"seed": 2**31}, "A whole number from -2,147,483,648 to 2,147,483,647."),
        ({"stop": "END"}, "A list of up to 4 texts, none of them empty."),
        ({"stop": ["END", ""]}, "A list of up to 4 texts, none of them empty."),
        ({"stop": list("abcde")}, "4 texts at most: there are 5."),
        ({"reasoning_effort": "low"}, f"{ANSWERS_AT_ONCE} refuses a reasoning effort"),
        ({"presence_penalty": 0}, "Reasoning models refuse penalties, even 0."),
        ({"frequency_penalty": 0}, "Reasoning models refuse penalties, even 0."),
        ({"logprobs": True}, "There is no parameter logprobs here."),
    ],
)
def test_a_value_that_would_fail_or_hang_is_refused_in_words(params: dict[str, Any], words: str) -> None:
    [found] = check_params(ANSWERS_AT_ONCE, params).values()
    assert found.startswith(words)


def test_an_effort_must_be_one_that_the_model_knows() -> None:
    assert check_params(THINKS, {"reasoning_effort": "highest"}) == {
        "reasoning_effort": "One of none, low, medium, high, xhigh."
    }


def test_good_values_and_unset_ones_are_no_problem() -> None:
    good = {"temperature": 0, "top_p": 1, "max_completion_tokens": 1, "seed": -1, "reasoning_effort": "none"}
    assert check_params(THINKS, good) == {}
    assert check_params(ANSWERS_AT_ONCE, {"stop": ["END"], "reasoning_effort": None}) == {}
    assert check_params(THINKS, {"response_format": {"type": "text"}}) == {}


def test_responses_take_neither_seed_nor_stop() -> None:
    assert "take no seed" in check_params(THINKS, {"seed": 1}, "responses")["seed"]
    assert refused(THINKS, "seed") == ""
