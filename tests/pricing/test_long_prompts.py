"""Prompts of 200,000 tokens and more: they are priced, and named, before anything is sent (facts 7.3)."""

from __future__ import annotations

import pytest

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.drafts.draft_warnings import warnings_of
from batchsite.pricing.estimate import estimate
from batchsite.pricing.rates import rates_of
from batchsite.teams.models import Team
from tests.factories import make_dataset

pytestmark = pytest.mark.django_db
LONG = 900_000
"""Characters of a prompt: some 225,000 tokens."""


def a_draft(team: Team, *lengths: int) -> Batch:
    dataset = make_dataset(team, ["text"], [["x" * length] for length in lengths])
    batch = draft_store.new_draft(team, None, dataset)
    draft_store.save(batch, {"prompt": "{{text}}", "model": "grok-4.3"})
    return batch


def test_a_long_prompt_costs_double_and_the_others_do_not(team: Team) -> None:
    batch = a_draft(team, 100, LONG, 100)
    recipe = recipe_of(batch)
    rates, price = rates_of(batch, recipe), estimate(batch, recipe)
    assert rates
    assert price
    once = 3 * rates.of_a_row((LONG + 200) / 3)[1]
    assert price.likely == once + rates.of_a_row(LONG)[1]
    assert rates.in_real_time(LONG) > 2 * rates.in_real_time(LONG / 2) > 0


def test_rows_with_long_prompts_are_named(team: Team) -> None:
    [words] = [one for one in warnings_of(a_draft(team, 100, LONG, LONG)) if "double" in one]
    assert words.endswith("That applies to rows 2, 3.")
    assert not [one for one in warnings_of(a_draft(team, 100, LONG // 2)) if "double" in one]


def test_a_prompt_that_does_not_fit_its_model_is_named(team: Team) -> None:
    [words] = [one for one in warnings_of(a_draft(team, 100, 4_500_000)) if "takes 1,000,000" in one]
    assert words.startswith("The prompt of row 2 has about 1,125,")
