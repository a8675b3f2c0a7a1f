"""One turn of a worker at one trial: a few requests in flight, each asked at most once.

A step that finds an answer `sending` holds the lease, so no other process is working on it: the reply was lost, it may
have been billed, and it is not asked again automatically. Any step reads one that is `running`.
"""

from __future__ import annotations

from django.db.models import Min
from django.utils import timezone

from batchsite.batches.generation import DatabaseWentBack
from batchsite.batches.states import State
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.setup import logging_about
from batchsite.submission.restore import begin_anew
from batchsite.teams.accounts import AccountMissing, account_of
from batchsite.timeouts import doubling, soon, timeouts
from batchsite.trials.completion import Trouble, waits_for_key
from batchsite.trials.models import OPEN, AnswerState, Trial
from batchsite.trials.trial_calls import Calls, give_up

MOST_FAULTS = 8
"""Consecutive steps that may end in an error of the provider before the remaining rows are given up."""
DIED = "a worker crashed on it repeatedly. Check the logs, then press Try again."
CALLED_OFF = "Not requested: the batch was submitted first."


def advance(trial_id: int) -> None:
    """Runs one step. Raises Busy if another process has the lease, LeaseLost if this one was too slow."""
    try:
        with logging_about(trial=trial_id), claimed(Trial, trial_id) as claim:
            pause = _step_or_hold(claim)
            claim.next_look_at = None if pause is None else soon(pause)
    except DatabaseWentBack:
        begin_anew()


def _step_or_hold(claim: Claim[Trial]) -> float | None:
    try:
        with within_memory():
            return _step(claim)
    except OutOfMemory as error:
        return _hold(claim, f"a step {error}. Ask whoever runs batchsite for more.", timeouts().longest)


def _step(claim: Claim[Trial]) -> float | None:
    """Returns seconds until the next step. None if every answer is there."""
    trial = Trial.objects.select_related("batch__team", "key").get(pk=claim.pk)
    if trial.ended_at:
        return None
    with claim.locked():
        give_up(trial)
        if trial.batch.state != State.DRAFT or trial.batch.deleted_at:
            trial.answers.filter(state=AnswerState.PLANNED).update(state=AnswerState.FAILED, error=CALLED_OFF)
    if claim.tries > MOST_TRIES:
        return _hold(claim, DIED, timeouts().longest)
    try:
        account = account_of(trial.batch.team, trial.account, trial.key)
    except AccountMissing as error:
        return _hold(claim, str(error), timeouts().held_probe)
    running = trial.answers.filter(state=AnswerState.RUNNING)
    if words := waits_for_key(account, trial.provider_team) if running.exists() else "":
        return _hold(claim, words, timeouts().held_probe)
    return _go_on(claim, trial, Calls(claim, trial, account).run())


def _go_on(claim: Claim[Trial], trial: Trial, trouble: Trouble | None) -> float | None:
    """Stores the outcome of a step. Returns seconds until the next one, None if the trial has ended."""
    with claim.locked() as fresh:
        if trouble is None:
            fresh.faults, fresh.held_reason = 0, ""
        else:
            fresh.faults, fresh.held_reason = fresh.faults + 1, trouble.hold
        if trouble and not trouble.hold and fresh.faults > MOST_FAULTS:
            given_up = trial.answers.filter(state=AnswerState.PLANNED)
            given_up.update(state=AnswerState.FAILED, error=trouble.words)
        open_answers = trial.answers.filter(state__in=OPEN)
        if not open_answers.exists():
            fresh.ended_at = timezone.now()
        fresh.save(update_fields=["faults", "held_reason", "ended_at"])
    if fresh.ended_at:
        return None
    if trouble is None:
        return _seconds_to_go_on(trial)
    first = timeouts().held_probe if trouble.hold else 1.0
    return max(trouble.wait, doubling(first, fresh.faults - 1))


def _seconds_to_go_on(trial: Trial) -> float:
    """Returns 0 while there is something to ask, else seconds until the next answer may be there."""
    if trial.answers.filter(state=AnswerState.PLANNED).exists():
        return 0
    first = trial.answers.filter(state=AnswerState.RUNNING).aggregate(first=Min("look_at"))["first"]
    return max(0.0, (first - timezone.now()).total_seconds()) if first else 0


def _hold(claim: Claim[Trial], words: str, pause: float) -> float:
    with claim.locked() as fresh:
        fresh.held_reason = words
        fresh.save(update_fields=["held_reason"])
    return pause
