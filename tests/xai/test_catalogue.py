"""The built-in models and prices, compared with recordings (facts 2.13, 7.3)."""

from __future__ import annotations

import pytest

from batchsite.xai.catalogue import (
    BATCH_MODELS,
    LONG_PROMPT,
    ListPrice,
    batch_cost,
    batch_reason,
    discounted,
    is_batchable,
    list_price,
)

MODELS = [
    ("grok-4.3", True),
    ("grok-4.20-0309-reasoning", True),
    ("grok-4.20-0309-non-reasoning", True),
    ("grok-4.20-multi-agent-0309", True),
    ("grok-imagine-image", True),
    ("grok-4.5", False),
    ("grok-4.6", False),
    ("grok-4.7", False),
    ("grok-build-0.1", False),
    ("grok-3-mini", False),
    ("grok-3", False),
    ("grok-4-0709", False),
    ("grok-4-fast-reasoning", False),
    ("grok-4-1-fast", False),
    ("grok-code-fast-1", False),
    ("grok-9", None),
    ("", None),
]


@pytest.mark.parametrize(("model", "answer"), MODELS)
def test_which_models_run_in_batches(model: str, answer: bool | None) -> None:
    assert is_batchable(model) is answer
    assert model in batch_reason(model)


def test_each_case_has_its_own_reason() -> None:
    models = ["grok-4.3", "grok-4.5", "grok-3", "grok-imagine-video", "grok-9"]
    sentences = {batch_reason(model).replace(model, "") for model in models}
    assert len(sentences) == len(models)


@pytest.mark.parametrize(
    ("prompt", "cached", "output", "billed"), [(204, 192, 83, 2_087_200), (204, 128, 64, 2_244_800)]
)
def test_cost_matches_the_recording(prompt: int, cached: int, output: int, billed: int) -> None:
    price = list_price("grok-4.3")
    assert price is not None
    assert batch_cost(price, prompt_tokens=prompt, cached_tokens=cached, output_tokens=output) == billed


def test_long_prompt_doubles_the_price_of_every_token() -> None:
    price = ListPrice(10, 1, 100)
    short = batch_cost(price, prompt_tokens=LONG_PROMPT - 1, output_tokens=10)
    assert short == ((LONG_PROMPT - 1) * 10 + 1_000) * 8 // 10
    assert batch_cost(price, prompt_tokens=LONG_PROMPT, output_tokens=10) == (LONG_PROMPT * 10 + 1_000) * 16 // 10


@pytest.mark.parametrize(("ticks", "share"), [(0, 0), (1, 1), (9, 8), (10, 8), (11, 9), (2_609_000, 2_087_200)])
def test_discounted_price_is_rounded_up(ticks: int, share: int) -> None:
    assert discounted(ticks) == share


def test_every_model_in_the_table_is_batchable_and_priced() -> None:
    assert all(is_batchable(model.id) and list_price(model.id) == model.price for model in BATCH_MODELS)
    assert list_price("grok-4.5") is None
