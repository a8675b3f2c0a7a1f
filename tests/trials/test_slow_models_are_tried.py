"""Where a model reasons for long, a row is tried as a deferred completion: a worker that dies loses no answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchsite.teams.models import Team
from batchsite.trials import trial_start
from batchsite.trials.models import Trial
from batchsite.trials.trial_restore import hold_back
from batchsite.trials.trial_step import advance
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, answers, direct, settled, states, tried

HARD: dict[str, Any] = {"params": {"reasoning_effort": "high"}}


@pytest.fixture
def slow(sandbox: Sandbox, settings: Any) -> None:
    settings.TIMEOUTS = replace(settings.TIMEOUTS, poll=10)
    sandbox.set(deferred_delay=25)


def begun(team: Team) -> Trial:
    """Three rows that xAI works on."""
    trial = trial_start.press(a_draft(team, **HARD), None, [1, 2, 3])
    advance(trial.pk)
    assert states(trial) == ["running"] * 3
    return trial


@pytest.mark.usefixtures("slow")
def test_a_worker_that_dies_meanwhile_loses_no_answer(team: Team, sandbox: Sandbox) -> None:
    trial = begun(team)
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(pk=trial.pk).update(lease_token="gone", lease_until=past, tries=1)
    assert states(settled(trial)) == ["answered"] * 3
    assert direct(sandbox) == (3, sum(answer.cost_ticks for answer in answers(trial)))
    assert all(answer.seconds and answer.seconds > 20 for answer in answers(trial))


@pytest.mark.usefixtures("slow")
def test_after_a_restore_what_xai_had_taken_is_read(team: Team, sandbox: Sandbox) -> None:
    trial = begun(team)
    hold_back()
    assert states(settled(trial)) == ["answered"] * 3


@pytest.mark.usefixtures("slow")
def test_stopping_reads_what_is_paid(team: Team, sandbox: Sandbox) -> None:
    trial = begun(team)
    trial_start.stop(trial)
    assert states(settled(trial)) == ["answered"] * 3


@pytest.mark.parametrize(
    ("call", "words"), [("chat", "may have been billed"), ("deferred", "Paid, and the answer was lost in transit")]
)
def test_a_lost_reply_is_said_by_row_and_not_asked_again(team: Team, sandbox: Sandbox, call: str, words: str) -> None:
    sandbox.fault("lost_reply", call=call, nth=2, applied=True)
    trial = tried(a_draft(team, **HARD), [1, 2, 3])
    assert sorted(states(trial)) == ["answered", "answered", "unknown"]
    [lost] = [answer for answer in answers(trial) if answer.state == "unknown"]
    assert words in lost.error
    assert direct(sandbox)[0] == 3


def test_a_read_that_breaks_on_the_way_there_is_made_again(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("status", status=503, form="text", call="deferred", times=3)
    assert states(tried(a_draft(team, **HARD), [1, 2, 3])) == ["answered"] * 3


def test_quick_models_answer_at_once(team: Team, sandbox: Sandbox) -> None:
    assert [answer.request_id for answer in answers(tried(a_draft(team), [1]))] == [""]
