"""After a few tried rows the estimate is close to what is billed in the end; before, its range is honest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Batch
from batchsite.datasets.profile import Profiler
from batchsite.drafts import draft_store
from batchsite.pricing.estimate import Estimate, came_out
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests import customer_questions
from tests.factories import make_dataset
from tests.pipeline import SHORT, drive
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, direct, tried

ROWS = 2_000
UNHURRIED = replace(SHORT, call=60, completion=60)
"""Two thousand rows in a call take a busy machine a while. Whoever gives the call up and looks before it has arrived,
pays for them twice: in production nobody looks before the call is over.
"""
PROMPT = "Which intent has this question of a customer of a bank?\n\n{{text}}"


@pytest.fixture
def sandbox(sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.TIMEOUTS = UNHURRIED
    return sandbox


def a_draft_of_questions(team: Team, *, shaped: bool, **fields: Any) -> Batch:
    """Questions evenly taken from the whole table, and all 77 intents as allowed values."""
    rows, intents = customer_questions.questions(), sorted(customer_questions.intents())
    dataset = make_dataset(team, customer_questions.COLUMNS, rows[:: len(rows) // ROWS][:ROWS], name="questions")
    field = {"name": "intent", "type": "choice", "values": intents, "description": "What it is about", "required": True}
    batch = draft_store.new_draft(team, None, dataset)
    shape = {"shape": {"fields": [field]}} if shaped else {}
    draft_store.save(batch, {"prompt": PROMPT, "model": "grok-4.3", "name": "questions", **shape, **fields})
    return batch


def estimated(batch: Batch) -> Estimate:
    batch.refresh_from_db()
    found = draft_store.estimate_of(batch)
    assert found is not None
    assert found.low <= found.likely <= found.high
    return found


def ran(batch: Batch) -> Batch:
    actions.start(batch, None, None)
    batch = drive(batch, 60)
    assert batch.succeeded == batch.total
    return batch


@pytest.mark.parametrize("shaped", [True, False], ids=["77 intents", "text"])
@pytest.mark.parametrize("rows", [[1, 2, 3, 4, 5], [17, 451, 900, 1333, 1999]], ids=["the first five", "any five"])
def test_five_tried_rows_are_enough_for_fifteen_per_cent(
    team: Team, sandbox: Sandbox, shaped: bool, rows: list[int]
) -> None:
    batch = a_draft_of_questions(team, shaped=shaped)
    before = estimated(batch)
    assert "guessed" in before.basis
    tried(batch, rows)
    after = estimated(batch)
    assert after.basis.startswith("Based on your 5 test rows")
    assert after.high - after.low < before.high - before.low, "what is known better has a narrower range"
    batch = ran(batch)
    billed = sandbox.billed() + direct(sandbox)[1]
    assert batch.cost_ticks == billed
    assert abs(after.likely - billed) < 0.15 * billed
    assert before.low <= billed <= before.high
    assert after.low <= billed <= after.high
    share = round(100 * (billed - after.likely) / after.likely)
    assert came_out(batch) == (f"{abs(share)} % {'more' if share > 0 else 'less'}" if share else "as much as estimated")


def test_an_earlier_batch_teaches_the_next_one_without_a_try(team: Team, sandbox: Sandbox) -> None:
    first = a_draft_of_questions(team, shaped=True, row_limit=200)
    estimated(first)
    ran(first)
    batch = a_draft_of_questions(team, shaped=True)
    found = estimated(batch)
    assert "to this prompt" in found.basis
    already = sandbox.billed()
    ran(batch)
    assert abs(found.likely - (sandbox.billed() - already)) < 0.05 * found.likely


def test_kept_rows_are_part_of_the_sum_at_their_own_price(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, row_limit=5)
    tried(batch, [1, 2, 3, 4, 5])
    found = estimated(batch)
    assert (found.kept, found.paid) == (5, direct(sandbox)[1])
    assert found.low == found.likely == found.high == found.paid
    assert "5 test rows are kept: already paid" in found.basis


def test_rows_that_will_be_skipped_cost_nothing(team: Team) -> None:
    rows = [[str(number), "" if number % 4 == 0 else "What is this about?"] for number in range(1, 101)]
    dataset = make_dataset(team, ["id", "text"], rows)
    batch = draft_store.new_draft(team, None, dataset)
    draft_store.save(batch, {"prompt": "{{text}}", "model": "grok-4.3", "skip_empty": True})
    skipping = estimated(batch)
    assert skipping.rows == 75
    assert "25 rows with empty values are skipped" in skipping.basis
    draft_store.save(batch, {"skip_empty": False})
    assert estimated(batch).rows == 100


def test_system_prompt_examples_and_schema_are_counted(team: Team) -> None:
    batch = a_draft(team)
    plain = estimated(batch).prompt_tokens
    draft_store.save(batch, {"system_prompt": "x" * 400})
    assert estimated(batch).prompt_tokens == plain + 100
    draft_store.save(batch, {"examples": [{"user": "y" * 200, "assistant": "z" * 200}]})
    assert estimated(batch).prompt_tokens == plain + 200
    field = {"name": "intent", "type": "text", "values": [], "description": "d" * 400, "required": True}
    draft_store.save(batch, {"shape": {"fields": [field]}})
    assert estimated(batch).prompt_tokens > plain + 300
    assert "the answer’s schema" in estimated(batch).basis


def test_rows_that_will_be_skipped_are_as_many_as_the_import_counted(team: Team) -> None:
    rows = [[str(number), "" if number <= 500 else "word"] for number in range(1, 25_001)]
    profiler = Profiler(["id", "text"])
    profiler.add(rows)
    batch = draft_store.new_draft(team, None, make_dataset(team, ["id", "text"], rows, profile=profiler.profile()))
    draft_store.save(batch, {"prompt": "{{text}}", "model": "grok-4.3", "skip_empty": True})
    assert estimated(batch).rows == 24_500, "a sample with the first block in it would say far fewer"


def test_of_a_big_table_a_stated_sample_is_measured(team: Team) -> None:
    rows = [[str(number), "word " * (number % 7)] for number in range(1, 25_001)]
    batch = draft_store.new_draft(team, None, make_dataset(team, ["id", "text"], rows))
    draft_store.save(batch, {"prompt": "{{text}}", "model": "grok-4.3"})
    found = estimated(batch)
    assert "measured on 10,000 of 25,000 rows, evenly spread" in found.basis
    assert 14 <= found.characters <= 16


@pytest.mark.parametrize(
    ("cost", "counts", "words"),
    [
        (660, {"succeeded": 26, "failed": 14}, "34 % less, with 14 rows not answered"),
        (900, {"succeeded": 39, "missing": 1}, "10 % less, with 1 row not answered"),
        (900, {"succeeded": 30, "skipped": 10}, "10 % less"),
        (1200, {"succeeded": 26, "failed": 14}, "20 % more"),
        (1001, {"succeeded": 40}, "as much as estimated"),
        (0, {"failed": 40}, ""),
    ],
)
def test_how_it_came_out_is_said_beside_what_was_not_answered(cost: int, counts: dict[str, int], words: str) -> None:
    batch = Batch(state="completed", total=40, cost_ticks=cost, estimate={"likely": 1000}, **counts)
    assert came_out(batch) == words
