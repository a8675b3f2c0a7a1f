"""The calls of one step of a trial: answers that may be there are read, and planned ones asked, several at a time.

Intent, network, outcome: an answer is `sending` on record before its call, and xAI's id of a deferred one is stored
before anything else is done with it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from batchsite.batches import generation
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.spend import Payer, spent
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import Claim
from batchsite.recipes.answer_shape import shape_of
from batchsite.submission.completion_columns import columns_of
from batchsite.submission.deferred_calls import is_missed_twice
from batchsite.teams.accounts import Account, AccountMissing, key_name
from batchsite.teams.tool_servers import with_tokens
from batchsite.timeouts import soon, timeouts
from batchsite.trials.completion import Reply, Trouble, ask, is_deferred, read, team_of
from batchsite.trials.models import ANSWER_LOST, LOST, NOT_READ, AnswerState, Trial, TrialAnswer
from batchsite.trials.trial_lessons import teach
from batchsite.xai.rate_limits import StartedDeferred

CALLS_AT_ONCE = 6
LONGEST_WAIT = 5.0
"""Seconds between two extensions of the lease while answers are awaited; far shorter than a lease."""


@dataclass(frozen=True)
class _Timed:
    """The outcome of one call, and how long it took."""

    reply: Reply
    seconds: float


def give_up(trial: Trial) -> None:
    """Declares what can no longer be found out; the trial is locked, and the caller has the lease."""
    lost = trial.answers.filter(state=AnswerState.SENDING)
    lost.update(state=AnswerState.UNKNOWN, error=LOST)
    oldest = timezone.now() - timedelta(seconds=timeouts().deferred_kept)
    late = trial.answers.filter(state=AnswerState.RUNNING, sent_at__lte=oldest)
    late.update(state=AnswerState.UNKNOWN, error=NOT_READ)


class Calls:
    """Asks and reads until nothing is due, the step is over, or a call runs into trouble."""

    def __init__(self, claim: Claim[Trial], trial: Trial, account: Account) -> None:
        self._claim, self._trial, self._account = claim, trial, account
        self._until = time.monotonic() + timeouts().step
        self._trouble: Trouble | None = None
        self._flying: dict[Future[_Timed], TrialAnswer] = {}

    def run(self) -> Trouble | None:
        """Returns the trouble that stopped the step. None if there was none."""
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while True:
                for answer in self._due():
                    self._begin(pool, answer, partial(read, self._account, answer.request_id))
                for answer, body in self._intend():
                    self._begin(pool, answer, partial(ask, self._account, body, f"bs-try-{answer.pk}"))
                if not self._flying:
                    return self._trouble
                done, _ = wait(self._flying, LONGEST_WAIT, FIRST_COMPLETED)
                self._claim.extend()
                for future in done:
                    self._record(self._flying.pop(future), future.result())

    @property
    def _free(self) -> int:
        is_over = self._trouble or stopping() or time.monotonic() > self._until
        return 0 if is_over else CALLS_AT_ONCE - len(self._flying)

    def _begin(self, pool: ThreadPoolExecutor, answer: TrialAnswer, call: Callable[[], Reply]) -> None:
        self._flying[pool.submit(_timed, call)] = answer

    def _with_tokens(self, body: dict[str, Any]) -> dict[str, Any]:
        """Returns a body with the tokens of its MCP servers, which is never stored. Raises AccountMissing."""
        if "tools" not in body:
            return body
        return body | {"tools": with_tokens(self._trial.batch.team, body["tools"])}

    def _due(self) -> Iterable[TrialAnswer]:
        """Returns the next few answers that xAI may have by now."""
        running = self._trial.answers.filter(state=AnswerState.RUNNING, look_at__lte=timezone.now())
        known = [answer.pk for answer in self._flying.values()]
        return list(running.exclude(pk__in=known).order_by("look_at")[: self._free])

    def _intend(self) -> Iterable[tuple[TrialAnswer, dict[str, Any]]]:
        """Returns the next few planned answers, stored as being sent, and what is sent for each."""
        most, now = self._free, timezone.now()
        if most < 1:
            return []
        planned = self._trial.answers.filter(state=AnswerState.PLANNED)
        is_deferred_one = any(is_deferred(answer.body) for answer in planned.order_by("row", "variant")[:most])
        team = team_of(self._account) if is_deferred_one else ""
        with self._claim.locked() as trial:
            chosen = list(planned.order_by("row", "variant")[:most])
            try:
                bodies = [self._with_tokens(answer.body) for answer in chosen]
            except AccountMissing as error:
                self._trouble = Trouble(str(error), hold=str(error))
                return []
            generation.advance()
            if team:
                trial.provider_team = team
                trial.save(update_fields=["provider_team"])
            planned.filter(pk__in=[answer.pk for answer in chosen]).update(state=AnswerState.SENDING, sent_at=now)
        return list(zip(chosen, bodies, strict=True))

    # ---- what came of it -----------------------------------------------------------------------------

    def _record(self, answer: TrialAnswer, said: _Timed) -> None:
        """Stores the outcome of one call."""
        if isinstance(said.reply, StartedDeferred):
            self._set(answer, state=AnswerState.RUNNING, request_id=said.reply.request_id, look_at=_soon())
        elif said.reply is None:
            self._set(answer, look_at=soon(timeouts().poll), missed_at=None)
        elif isinstance(said.reply, dict):
            self._store(answer, said.reply, said.seconds)
        elif answer.request_id:
            self._not_read(answer, said.reply)
        else:
            self._not_asked(answer, said.reply)

    def _store(self, answer: TrialAnswer, completion: dict[str, Any], seconds: float) -> None:
        values, now = self._read(answer, completion), timezone.now()
        if answer.request_id and answer.sent_at:  # it was loaded after it had been asked
            seconds = (now - answer.sent_at).total_seconds()
        with self._claim.locked():
            values |= {"state": AnswerState.ANSWERED, "answered_at": now, "seconds": seconds}
            TrialAnswer.objects.filter(pk=answer.pk).update(**values)
            self._spend(answer, values)
            teach(answer.batch_id)

    def _not_asked(self, answer: TrialAnswer, trouble: Trouble) -> None:
        state, words = AnswerState.FAILED, trouble.words
        if trouble.hold or trouble.again:
            state, words, self._trouble = AnswerState.PLANNED, "", trouble
        elif trouble.unknown:
            state, words = AnswerState.UNKNOWN, f"{LOST} {trouble.words}"
        self._set(answer, state=state, error=words)

    def _not_read(self, answer: TrialAnswer, trouble: Trouble) -> None:
        """An answer that could not be read may be there the next time. Two looks that miss it are enough."""
        if trouble.hold or trouble.again:
            self._trouble = trouble
            self._set(answer, look_at=soon(timeouts().poll))
        elif not trouble.gone:
            self._set(answer, state=AnswerState.FAILED, error=trouble.words)
        elif is_missed_twice(answer.missed_at):
            self._set(answer, state=AnswerState.UNKNOWN, error=ANSWER_LOST)
        else:
            self._set(answer, look_at=soon(timeouts().look_twice), missed_at=answer.missed_at or timezone.now())

    def _set(self, answer: TrialAnswer, **values: Any) -> None:
        with self._claim.locked():
            TrialAnswer.objects.filter(pk=answer.pk).update(**values)

    def _read(self, answer: TrialAnswer, completion: dict[str, Any]) -> dict[str, Any]:
        shape = None
        with contextlib.suppress(ValueError):  # a shape that could not be sent was not asked for
            shape = shape_of(self._trial.shape)
        function = shape.function if shape else ""
        values = columns_of(completion, price_of(self._trial.batch.team, answer.model), function)
        if shape is not None:
            values["fields"], values["misfit"] = shape.read(values["answer"], values["finish_reason"])
        return values

    def _spend(self, answer: TrialAnswer, values: dict[str, Any]) -> None:
        trial, ticks = self._trial, values["cost_ticks"]
        tokens = {name: values[name] for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens")}
        batch, key = trial.batch, key_name(trial.account, trial.key)
        payer = Payer(batch.team_id, trial.account, answer.model, trial.by_id, key, batch.pk, batch.name)
        spent(payer, ticks=ticks, tried_ticks=ticks, tries=1, **tokens)


def _soon() -> Any:
    return soon(timeouts().first_look)


def _timed(call: Callable[[], Reply]) -> _Timed:
    began = time.monotonic()
    reply = call()
    return _Timed(reply, time.monotonic() - began)
