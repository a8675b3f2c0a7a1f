"""Where a model reasons for long, a row is tried as a deferred completion: a worker that dies loses no answer."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchsite.processes.leases import Busy, LeaseLost
from batchsite.teams.models import Team, User
from batchsite.teams.team_keys import store_key
from batchsite.trials import trial_start
from batchsite.trials.models import Trial
from batchsite.trials.trial_restore import hold_back
from batchsite.trials.trial_step import advance
from tests.clock import wait_until
from tests.cuts import Guillotine
from tests.factories import make_team
from tests.faults import FAULTS, READS, WRITES
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
    trial.refresh_from_db()
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


@pytest.mark.usefixtures("slow")
def test_answers_wait_for_a_key_of_the_team_that_asked(
    team: Team, alice: User, sandbox: Sandbox, settings: Any
) -> None:
    """xAI says 404 to any other key, which would read as an answer that was lost."""
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url)
    store_key(team, "xai-team-a-key-1111111111", "", alice)
    trial = begun(team)
    assert trial.provider_team != ""
    store_key(team, "xai-team-b-key-2222222222", "", alice)
    settled(trial, until="held")
    assert "another xAI team" in trial.held_reason
    assert trial.provider_team in trial.held_reason
    for _ in range(3):
        wait_until(trial.next_look_at)
        advance(trial.pk)
        trial.refresh_from_db()
    assert states(trial) == ["running"] * 3
    store_key(team, "xai-team-a-key-1111111111", "", alice)
    assert states(settled(trial)) == ["answered"] * 3


CALLS = [("chat", fault) for fault in WRITES] + [("deferred", fault) for fault in READS]


@pytest.mark.parametrize(("call", "fault"), CALLS)
def test_whatever_happens_to_a_call_no_row_is_asked_twice(
    call: str, fault: str, team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.TIMEOUTS = replace(settings.TIMEOUTS, call=0.5)  # shorter than a time-out among the faults
    sandbox.fault(**{"times": 1, **FAULTS[fault], "call": call})
    trial = tried(a_draft(team, **HARD), [1, 2])
    assert sandbox.idle_faults() == []
    check_tries(trial, sandbox, most_lost=2)


@pytest.mark.django_db(transaction=True)
def test_cut_at_every_boundary_no_row_is_asked_twice(sandbox: Sandbox) -> None:
    def live(*cuts: int) -> Guillotine:
        trial, guillotine = trial_start.press(a_draft(make_team(), **HARD), None, [1]), Guillotine(*cuts)
        with guillotine.over_everything():
            for _ in range(40):
                with guillotine.to_the_end():
                    trial.refresh_from_db()
                    if trial.ended_at:
                        break
                    if trial.next_look_at and trial.next_look_at > timezone.now():
                        wait_until(trial.next_look_at)
                    with contextlib.suppress(Busy, LeaseLost):
                        advance(trial.pk)
        check_tries(trial, sandbox, most_lost=len(cuts))
        return guillotine

    whole = live()
    assert whole.count > 8, whole.names
    for cut in whole.different_cuts():
        live(cut)


def check_tries(trial: Trial, sandbox: Sandbox, most_lost: int) -> None:
    """Each row was asked once at most, and paid as the provider says, but for what is declared lost."""
    trial.refresh_from_db()
    assert trial.ended_at, states(trial)
    lost = [answer for answer in answers(trial) if answer.state == "unknown"]
    assert len(lost) <= most_lost
    assert all("be requested again automatically" in answer.error for answer in lost)
    for answer in answers(trial):
        calls = [call for call in sandbox.direct() if call["client_request_id"] == f"bs-try-{answer.pk}"]
        assert len(calls) <= 1, "asked twice"
        if answer not in lost:
            assert (answer.state, answer.cost_ticks) == ("answered", calls[0]["cost_in_usd_ticks"]), answer.error
