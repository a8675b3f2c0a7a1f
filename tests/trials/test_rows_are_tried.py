"""A few rows are asked in real time, each once, whatever the network does with the replies."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, DailySpend
from batchsite.pricing.lessons import prompt_fingerprint
from batchsite.pricing.spend import spent_this_month
from batchsite.teams.accounts import account_kind
from batchsite.teams.models import Team, User
from batchsite.trials import trial_start
from batchsite.trials.models import AnswerState, Trial
from batchsite.trials.trial_step import advance
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, against, answers, direct, settled, states, tried

B = {"prompt": "Say what this is about: {{text}}", "system_prompt": "", "model": ""}
C = {"prompt": "One word: {{text}}", "system_prompt": "Be brief.", "model": "grok-4.7"}


def test_three_rows_and_three_variants_side_by_side(team: Team, alice: User, sandbox: Sandbox) -> None:
    trial = tried(against(a_draft(team, alice), B, C), [1, 2, 7], alice)
    assert states(trial) == ["answered"] * 9
    first, second, third = answers(trial)[:3]
    assert "One word: Question 1" in first.answer
    assert "Say what this is about" in second.answer
    assert [first.model, second.model, third.model] == ["grok-4.3", "grok-4.3", "grok-4.7"]
    assert third.answered_by == "grok-4.7", "a model that runs in no batch may be tried all the same"
    assert first.seconds is not None
    assert first.prompt_tokens > 190
    assert first.finish_reason == "stop"
    assert first.completion["usage"]["cost_in_usd_ticks"] == first.cost_ticks
    assert sum(answer.cost_ticks for answer in answers(trial)) == direct(sandbox)[1]


def test_what_is_asked_is_what_the_batch_would_send(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team, system_prompt="Be brief: {{id}}", params={"temperature": 0.5})
    answer = answers(tried(batch, [3]))[0]
    sent = recipe_of(batch).request(3, batch.dataset.row(3))["batch_request"]["chat_get_completion"]
    assert answer.body == sent
    assert answer.sha256 == hashlib.sha256(orjson.dumps(sent)).hexdigest()


def test_fields_are_read_and_what_does_not_fit_is_said(team: Team, sandbox: Sandbox) -> None:
    field = {"name": "intent", "type": "choice", "values": ["lost card", "late"], "description": "", "required": True}
    answer = answers(tried(a_draft(team, shape={"fields": [field]}), [1]))[0]
    assert answer.fields == {"intent": "lost card"}
    assert answer.misfit == ""


def test_it_is_money_of_the_team_and_of_the_day(team: Team, bob: User, sandbox: Sandbox) -> None:
    tried(against(a_draft(team, bob), C), [1, 2], bob)
    days = {day.model: day for day in DailySpend.objects.all()}
    assert {(day.tries, day.rows, day.user) for day in days.values()} == {(2, 0, bob)}
    assert all(day.tried_ticks == day.ticks for day in days.values())
    assert sum(day.ticks for day in days.values()) == direct(sandbox)[1]
    assert spent_this_month(team) == 0  # of real money


def test_what_was_tried_teaches_the_draft(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    trial = tried(batch, [1, 2, 3, 4])
    batch.refresh_from_db()
    assert batch.tried is not None
    lesson = batch.tried[prompt_fingerprint(batch)]
    assert (lesson["answers"], lesson["kept"]) == (4, 4)
    assert lesson["output_tokens"] == sum(answer.output_tokens for answer in answers(trial))
    assert lesson["kept_ticks"] == direct(sandbox)[1]


# ---- asked before -----------------------------------------------------------------------------------------


def test_the_very_same_is_shown_again_and_not_asked_again(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    tried(batch, [1, 2, 3])
    calls, _ticks = direct(sandbox)
    again = tried(against(batch, B), [2, 3, 4])
    assert states(again) == ["answered"] * 6
    assert direct(sandbox)[0] == calls + 4
    repeated = [answer for answer in answers(again) if answer.source]
    assert [(answer.row, answer.variant) for answer in repeated] == [(2, 0), (3, 0)]
    assert all(answer.cost_ticks == 0 and answer.source and answer.source.cost_ticks > 0 for answer in repeated)
    assert all(answer.answer for answer in repeated)


def test_where_all_is_known_nothing_waits_for_a_worker(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    tried(batch, [1, 2])
    again = trial_start.press(batch, None, [1, 2])
    assert again.ended_at
    assert again.next_look_at is None


def test_an_answer_that_is_not_kept_is_asked_anew(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    first = answers(tried(batch, [1, 2]))[0]
    trial_start.keep(batch, first.pk, kept=False)
    tried(batch, [1, 2])
    assert direct(sandbox)[0] == 3


# ---- the network lies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"what": "lost_reply"}, {"what": "timeout", "seconds": 1.6, "applied": True}])
def test_a_lost_reply_is_unknown_and_not_asked_again(team: Team, sandbox: Sandbox, fault: dict[str, Any]) -> None:
    sandbox.fault(**fault, call="chat", nth=2)
    trial = tried(a_draft(team), [1, 2, 3])
    assert sorted(states(trial)) == ["answered", "answered", "unknown"]
    unknown = next(answer for answer in answers(trial) if answer.state == AnswerState.UNKNOWN)
    assert "may have been billed" in unknown.error
    assert direct(sandbox)[0] == 3


def test_a_person_may_ask_again_what_is_unknown(team: Team, sandbox: Sandbox) -> None:
    batch = a_draft(team)
    sandbox.fault("lost_reply", call="chat", nth=2)
    tried(batch, [1, 2, 3])
    assert states(tried(batch, [1, 2, 3])) == ["answered"] * 3
    assert direct(sandbox)[0] == 4


def test_a_rate_limit_is_waited_out(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("status", status=429, call="chat", times=2, retry_after="0.2")
    trial = tried(a_draft(team), [1, 2, 3])
    assert states(trial) == ["answered"] * 3
    assert direct(sandbox)[0] == 3


@pytest.mark.parametrize(("what", "words"), [("no_credits", "no credits left"), ("key_revoked", "refuses the key")])
def test_what_a_person_has_to_mend_holds_it_and_fails_no_row(
    team: Team, sandbox: Sandbox, what: str, words: str
) -> None:
    sandbox.fault(what, call="chat")
    trial = settled(trial_start.press(a_draft(team), None, [1, 2, 3]), until="held")
    assert words in trial.held_reason
    assert states(trial) == ["planned"] * 3
    sandbox.mend()
    trial = settled(trial)
    assert states(trial) == ["answered"] * 3
    assert trial.held_reason == ""


def test_what_xai_refuses_is_failed_in_its_words(team: Team, sandbox: Sandbox) -> None:
    trial = tried(against(a_draft(team), B | {"model": "grok-none"}), [1])
    assert states(trial) == ["answered", "failed"]
    assert "grok-none" in answers(trial)[1].error


def test_a_worker_that_died_in_the_middle_leaves_unknown_answers_only_where_it_had_asked(
    team: Team, sandbox: Sandbox
) -> None:
    trial = trial_start.press(a_draft(team), None, [1, 2, 3])
    first = answers(trial)[0]
    trial.answers.filter(pk=first.pk).update(state=AnswerState.SENDING, sent_at=timezone.now())
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(pk=trial.pk).update(lease_token="gone", lease_until=past, tries=1)
    advance(trial.pk)
    assert states(settled(trial)) == ["unknown", "answered", "answered"]
    assert direct(sandbox)[0] == 2


def test_one_that_kills_its_worker_again_and_again_waits_for_a_person(team: Team, sandbox: Sandbox) -> None:
    trial = trial_start.press(a_draft(team), None, [1])
    Trial.objects.filter(pk=trial.pk).update(tries=8)
    assert "crashed on it" in settled(trial, until="held").held_reason


# ---- what cannot be tried -------------------------------------------------------------------------------------


def refusal(batch: Batch, rows: list[int]) -> str:
    with pytest.raises(trial_start.TrialRefused) as refused:
        trial_start.press(batch, None, rows)
    assert not Trial.objects.filter(ended_at=None).exclude(rows=[1]).exists()
    return str(refused.value)


def test_it_is_refused_in_words(team: Team) -> None:
    assert refusal(a_draft(team, prompt=" "), [1]) == "Write a prompt first."
    assert "Did you mean {{text}}" in refusal(a_draft(team, prompt="{{texd}}"), [1])
    assert "Variant B: write a prompt" in refusal(against(a_draft(team), B | {"prompt": ""}), [1])
    assert "no row 31" in refusal(a_draft(team), [31])
    assert "from 0 to 2" in refusal(a_draft(team, params={"temperature": 7}), [1])


def test_one_at_a_time(team: Team) -> None:
    batch = a_draft(team)
    trial_start.press(batch, None, [1])
    assert "still running" in refusal(batch, [2])


def test_stopping_calls_off_what_was_not_asked_yet(team: Team, sandbox: Sandbox) -> None:
    trial = trial_start.press(a_draft(team), None, [1, 2])
    trial_start.stop(trial)
    assert states(settled(trial)) == ["failed", "failed"]
    assert direct(sandbox)[0] == 0


# ---- using a variant ---------------------------------------------------------------------------------------------


def test_a_variant_becomes_the_prompt_and_the_old_one_stays_at_hand(team: Team, sandbox: Sandbox) -> None:
    batch = against(a_draft(team), B)
    trial = tried(batch, [1, 2])
    trial_start.use(trial, 1)
    batch.refresh_from_db()
    assert (batch.prompt, batch.model) == (B["prompt"], "grok-4.3")
    assert [one["prompt"] for one in batch.variants] == ["One word: {{text}}"]
    assert batch.tried is not None
    assert batch.tried[prompt_fingerprint(batch)]["answers"] == 2
    assert account_kind(team) == trial.account
