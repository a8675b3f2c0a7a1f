"""One turn of a worker at one trial: a few requests in flight, each asked at most once.

Intent, network, outcome: an answer is `sending` on record before its call. Whoever finds it so has the lease, so
that nobody is at it any more: its reply was lost, it may have been billed, and it is not asked again by itself.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.generation import DatabaseWentBack
from batchsite.batches.states import State
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.spend import Payer, spent
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.recipes.answer_shape import shape_of
from batchsite.setup import logging_about
from batchsite.submission.completion_columns import columns_of
from batchsite.submission.restore import begin_anew
from batchsite.teams.accounts import Account, AccountMissing, account_of, key_name
from batchsite.timeouts import doubling, soon, timeouts
from batchsite.trials.completion import Trouble, ask
from batchsite.trials.models import LOST, AnswerState, Trial, TrialAnswer
from batchsite.trials.trial_lessons import teach

log = logging.getLogger(__name__)
CALLS_AT_ONCE = 6
LONGEST_WAIT = 5.0
"""Seconds between two extensions of the lease while answers are awaited; far shorter than a lease."""
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
    trial = Trial.objects.select_related("batch__team").get(pk=claim.pk)
    if trial.ended_at:
        return None
    with claim.locked():
        lost = trial.answers.filter(state=AnswerState.SENDING)
        lost.update(state=AnswerState.UNKNOWN, error=LOST)
        if trial.batch.state != State.DRAFT or trial.batch.deleted_at:
            trial.answers.filter(state=AnswerState.PLANNED).update(state=AnswerState.FAILED, error=CALLED_OFF)
    if claim.tries > MOST_TRIES:
        return _hold(claim, DIED, timeouts().longest)
    try:
        account = account_of(trial.batch.team, trial.account)
    except AccountMissing as error:
        return _hold(claim, str(error), timeouts().held_probe)
    return _go_on(claim, trial, _Calls(claim, trial, account).run())


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
        if not trial.answers.filter(state=AnswerState.PLANNED).exists():
            fresh.ended_at = timezone.now()
        fresh.save(update_fields=["faults", "held_reason", "ended_at"])
    if fresh.ended_at:
        return None
    if trouble is None:
        return 0
    first = timeouts().held_probe if trouble.hold else 1.0
    return max(trouble.wait, doubling(first, fresh.faults - 1))


def _hold(claim: Claim[Trial], words: str, pause: float) -> float:
    with claim.locked() as fresh:
        fresh.held_reason = words
        fresh.save(update_fields=["held_reason"])
    return pause


@dataclass(frozen=True)
class _Reply:
    """The outcome of one call, and how long it took."""

    reply: dict[str, Any] | Trouble
    seconds: float


class _Calls:
    """Asks planned answers until none is left, the step is over, or a call runs into trouble."""

    def __init__(self, claim: Claim[Trial], trial: Trial, account: Account) -> None:
        self._claim, self._trial, self._account = claim, trial, account
        self._until = time.monotonic() + timeouts().step
        self._trouble: Trouble | None = None

    def run(self) -> Trouble | None:
        """Returns the trouble that stopped the step. None if there was none."""
        flying: dict[Future[_Reply], TrialAnswer] = {}
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while True:
                for answer in self._intend(CALLS_AT_ONCE - len(flying)):
                    flying[pool.submit(_timed, self._account, answer.body)] = answer
                if not flying:
                    return self._trouble
                done, _ = wait(flying, LONGEST_WAIT, FIRST_COMPLETED)
                self._claim.extend()
                for future in done:
                    self._record(flying.pop(future), future.result())

    def _intend(self, most: int) -> Iterable[TrialAnswer]:
        """Returns the next few planned answers, stored as being sent."""
        if self._trouble or stopping() or time.monotonic() > self._until:
            return []
        with self._claim.locked():
            generation.advance()
            planned = self._trial.answers.filter(state=AnswerState.PLANNED)
            chosen = list(planned.order_by("row", "variant")[:most])
            ids = [answer.pk for answer in chosen]
            planned.filter(pk__in=ids).update(state=AnswerState.SENDING, sent_at=timezone.now())
        return chosen

    def _record(self, answer: TrialAnswer, said: _Reply) -> None:
        """Stores the outcome of one call."""
        if isinstance(said.reply, Trouble):
            self._regret(answer, said.reply)
            return
        values = self._read(answer, said.reply)
        with self._claim.locked():
            values |= {"state": AnswerState.ANSWERED, "answered_at": timezone.now(), "seconds": said.seconds}
            TrialAnswer.objects.filter(pk=answer.pk).update(**values)
            self._spend(answer, values)
            teach(answer.batch_id)

    def _regret(self, answer: TrialAnswer, trouble: Trouble) -> None:
        state, words = AnswerState.FAILED, trouble.words
        if trouble.hold or trouble.again:
            state, words, self._trouble = AnswerState.PLANNED, "", trouble
        elif trouble.unknown:
            state, words = AnswerState.UNKNOWN, f"{LOST} {trouble.words}"
        with self._claim.locked():
            TrialAnswer.objects.filter(pk=answer.pk).update(state=state, error=words)

    def _read(self, answer: TrialAnswer, completion: dict[str, Any]) -> dict[str, Any]:
        values = columns_of(completion, price_of(self._trial.batch.team, answer.model))
        with contextlib.suppress(ValueError):  # a shape that could not be sent was not asked for
            shape = shape_of(self._trial.shape)
            if shape is not None:
                values["fields"], values["misfit"] = shape.read(values["answer"], values["finish_reason"])
        return values

    def _spend(self, answer: TrialAnswer, values: dict[str, Any]) -> None:
        trial, ticks = self._trial, values["cost_ticks"]
        tokens = {name: values[name] for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens")}
        batch = trial.batch
        key = key_name(batch.team_id, trial.account)
        payer = Payer(batch.team_id, trial.account, answer.model, trial.by_id, key, batch.pk, batch.name)
        spent(payer, ticks=ticks, tried_ticks=ticks, tries=1, **tokens)


def _timed(account: Account, body: dict[str, Any]) -> _Reply:
    began = time.monotonic()
    reply = ask(account, body)
    return _Reply(reply, time.monotonic() - began)
