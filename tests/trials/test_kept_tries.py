"""Rows that were tried and kept are answered already when the batch is submitted: not sent, not paid again."""

from __future__ import annotations

import pytest

from batchsite.batches.models import Batch, DailySpend, Result
from batchsite.batches.states import RowState
from batchsite.drafts import draft_store, duplicates
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from batchsite.trials import trial_start
from tests.pipeline import drive, story
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, against, answers, direct, states, tried

pytestmark = pytest.mark.databases

B = {"prompt": "Say what this is about: {{text}}", "system_prompt": "", "model": ""}


def submitted(batch: Batch) -> Batch:
    batch.refresh_from_db()
    actions.start(batch, None, draft_store.estimate_of(batch))
    return drive(batch)


def check_books(batch: Batch, sandbox: Sandbox, kept: int) -> None:
    """What the batch cost is what its remote batches billed, and what its kept rows had cost when they were tried."""
    results = Result.objects.filter(batch=batch)
    assert results.count() == batch.total == batch.succeeded
    from_trying = results.filter(submission=None)
    assert from_trying.count() == kept
    assert sum(one["requests"] for one in sandbox.batches()) == batch.total - kept
    assert batch.cost_ticks == sandbox.billed() + sum(one.cost_ticks for one in from_trying)
    days = DailySpend.objects.all()
    assert sum(day.ticks for day in days) == sandbox.billed() + direct(sandbox)[1], "every tick once"


def test_kept_rows_are_not_sent_and_the_books_agree(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    trial = tried(batch, [1, 2, 5, 30])
    batch = submitted(batch)
    check_books(batch, sandbox, kept=4)
    for answer in answers(trial):
        result = Result.objects.get(batch=batch, row=answer.row)
        assert (result.answer, result.cost_ticks, result.state) == (answer.answer, answer.cost_ticks, "succeeded")
    assert "kept: 4 rows kept from tries: not sent or charged again" in story(batch)


def test_the_batch_again_learns_from_the_tries_and_keeps_none_of_them(
    team: Team, alice: User, sandbox: Sandbox
) -> None:
    first = a_draft(team)
    tried(first, [1, 2, 5])
    first.refresh_from_db()
    second = duplicates.duplicate(first, alice)
    before, after = draft_store.estimate_of(first), draft_store.estimate_of(second)
    assert before is not None
    assert after is not None
    assert (before.kept, after.kept) == (3, 0)
    assert before.output_tokens == after.output_tokens


def test_another_prompt_keeps_nothing(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    tried(batch, [1, 2])
    draft_store.save(batch, {"prompt": "Now two words: {{text}}"})
    check_books(submitted(batch), sandbox, kept=0)


def test_the_variant_that_is_used_brings_its_answers_along(team: Team, sandbox: Sandbox) -> None:
    batch = against(a_draft(team), B)
    trial = tried(batch, [1, 2, 3])
    trial_start.use(trial, 1)
    batch = submitted(batch)
    check_books(batch, sandbox, kept=3)
    assert "Say what this is about" in Result.objects.get(batch=batch, row=1).answer


def test_what_a_person_does_not_keep_is_sent(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    first, *_ = answers(tried(batch, [1, 2, 3]))
    trial_start.keep(batch, first.pk, kept=False)
    check_books(submitted(batch), sandbox, kept=2)


def test_answers_shown_again_count_once_at_their_price(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    tried(batch, [1, 2])
    tried(batch, [1, 2, 3])
    check_books(submitted(batch), sandbox, kept=3)


def test_unknown_answers_are_sent_with_the_batch(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    sandbox.fault("lost_reply", call="chat", nth=1)
    assert sorted(states(tried(batch, [1, 2]))) == ["answered", "unknown"]
    sandbox.mend()
    batch = submitted(batch)
    assert Result.objects.filter(batch=batch, submission=None).count() == 1
    assert batch.cost_ticks < sandbox.billed() + direct(sandbox)[1], "the lost one is not the batch's"


def test_where_every_row_was_tried_nothing_is_sent(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, row_limit=3)
    tried(batch, [1, 2, 3])
    batch = submitted(batch)
    assert (batch.state, batch.succeeded, sandbox.batches()) == ("completed", 3, [])


def test_rows_beyond_those_of_the_batch_are_left_out(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, row_limit=10)
    tried(batch, [1, 20])
    batch = submitted(batch)
    check_books(batch, sandbox, kept=1)
    assert batch.total == 10


def test_what_was_not_asked_yet_is_called_off(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    trial = trial_start.press(batch, None, [1, 2])
    check_books(submitted(batch), sandbox, kept=0)
    assert states(trial) == ["failed", "failed"]


def test_a_batch_that_goes_back_to_its_draft_keeps_its_tries(team: Team, sandbox: Sandbox) -> None:
    """Rows that cannot be sent are found after the kept ones were written: those are taken back, and kept anew."""
    batch = a_draft(team, id_column="text")
    tried(batch, [1, 2])
    actions.start(batch, None, None)
    batch = drive(batch)
    assert batch.state == "draft"
    assert (batch.succeeded, batch.cost_ticks, Result.objects.count()) == (0, 0, 0)
    draft_store.save(batch, {"id_column": ""})
    check_books(submitted(batch), sandbox, kept=2)


def test_a_kept_row_is_never_tried_again_by_a_retry_of_the_failed_ones(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    tried(batch, [1, 2])
    sandbox.fault("fail_rows", ids=["tickets-row-7"], batches=1)
    batch = submitted(batch)
    assert batch.failed == 1
    actions.retry(batch, None)
    batch = drive(batch)
    assert batch.succeeded == 30
    assert Result.objects.filter(batch=batch, state=RowState.SUCCEEDED, submission=None).count() == 2
