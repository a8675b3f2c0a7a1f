"""Whichever five rows are tried, the estimate is close to what the provider bills for all of them in the end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.pricing.lessons import Lesson, prompt_fingerprint
from batchsite.submission.completion_columns import columns_of
from batchsite.teams.accounts import Account, account_now
from batchsite.teams.models import Team
from batchsite.trials.completion import ask, body_of
from tests.sandboxes import Sandbox
from tests.trials.test_the_estimate_holds import UNHURRIED, a_draft_of_questions, ran

PICKS, TRIED, MOST_OFF, MOST_MISSES = 200, 5, 0.15, 0.02
EVERY = 4
"""Of so many rows one is asked, and may be among the five."""


def lessons(batch: Batch) -> list[Lesson]:
    """What trying a row would teach, of rows from the first to the last."""
    recipe, account = recipe_of(batch), account_now(batch.team)
    bodies = [body_of(recipe, cells) for number, cells in batch.dataset.rows() if number % EVERY == 0]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda body: lesson(account, body), bodies))


def lesson(account: Account, body: dict[str, Any]) -> Lesson:
    reply = ask(account, body, "bs-test")
    assert isinstance(reply, dict)
    found = columns_of(reply, None)
    return Lesson.of(
        sum(len(message["content"]) for message in body["messages"]),
        found["prompt_tokens"],
        cached=found["cached_tokens"],
        completion=found["completion_tokens"],
        reasoning=found["reasoning_tokens"],
        kept_ticks=None,
    )


def estimated(batch: Batch, tried: Sequence[Lesson]) -> int:
    batch.tried = {prompt_fingerprint(batch): sum(tried, Lesson()).as_json()}
    found = draft_store.estimate_of(batch)
    assert found is not None
    return found.likely


@pytest.mark.parametrize("shaped", [True, False], ids=["77 intents", "text"])
def test_hardly_any_five_rows_mislead(team: Team, sandbox: Sandbox, shaped: bool, settings: Any) -> None:
    settings.TIMEOUTS = UNHURRIED
    batch = a_draft_of_questions(team, shaped=shaped)
    known, chance = lessons(batch), random.Random(77)
    picks = [estimated(batch, chance.sample(known, TRIED)) for _ in range(PICKS)]
    ran(batch)
    billed = sandbox.billed()
    off = [abs(likely - billed) / billed for likely in picks]
    misses = sum(one > MOST_OFF for one in off) / PICKS
    assert misses < MOST_MISSES, f"{misses:.1%} miss; {sum(off) / PICKS:.1%} on average, {max(off):.1%} at most"
