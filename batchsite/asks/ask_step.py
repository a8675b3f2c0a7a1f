"""One step of one ask: it is asked once, and its answer read once (facts 5).

Intent, network, outcome: it is stored as `sending` before the call. A step that finds it in that state holds the
lease, so no other process is working on it: the reply was lost, and it is not asked again automatically.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from batchsite.asks.models import Ask, AskState
from batchsite.batches import generation
from batchsite.batches.generation import DatabaseWentBack
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.spend import Payer, spent
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.setup import logging_about
from batchsite.submission import deferred_calls
from batchsite.submission.completion_columns import columns_of
from batchsite.submission.deferred_calls import CallVerdict
from batchsite.submission.live_pace import pause, seconds_to_ask
from batchsite.submission.provider_calls import hold_words, is_hold
from batchsite.submission.provider_teams import cannot_read, team_of_key
from batchsite.submission.restore import begin_anew
from batchsite.teams.accounts import Account, AccountMissing, account_of, key_name
from batchsite.teams.provider_client import client_for
from batchsite.timeouts import doubling, soon, timeouts
from batchsite.xai.bodies import Message, chat_body
from batchsite.xai.errors import RateLimited, XaiError
from batchsite.xai.rate_limits import StartedDeferred

REPLY_WAS_LOST = (
    "xAI’s reply was lost. The prompt may have been answered and billed, and xAI keeps no list to check. It won’t be "
    "asked again automatically."
)
ANSWER_WAS_LOST = (
    "Paid, but the answer was lost in transit: xAI hands out this kind of answer only once and no longer has it. It "
    "won’t be asked again automatically."
)
NOT_READ = "xAI had not answered within 24 hours, and keeps no answer for longer. It may still be billed."
DIED = "a worker crashed on it repeatedly. Check the logs."


def advance(ask_id: int) -> None:
    """Take one step. Raises Busy when another process holds the lease, LeaseLost when this one was too slow."""
    try:
        with logging_about(ask=ask_id), claimed(Ask, ask_id) as claim:
            wait = _step(claim)
            claim.next_look_at = None if wait is None else soon(wait)
    except DatabaseWentBack:
        begin_anew()


def _step(claim: Claim[Ask]) -> float | None:
    """Returns seconds until the next step. None at the end."""
    ask = Ask.objects.select_related("team", "key").get(pk=claim.pk)
    if ask.ended_at:
        return None
    if ask.state == AskState.SENDING:
        return _end(claim, AskState.LOST, REPLY_WAS_LOST)
    if claim.tries > MOST_TRIES:
        return _hold(claim, DIED, timeouts().longest)
    try:
        account = account_of(ask.team, ask.account, ask.key)
    except AccountMissing as error:
        return _hold(claim, str(error), timeouts().held_probe)
    return _ask(claim, ask, account) if ask.state == AskState.PLANNED else _read(claim, ask, account)


# ---- asking ------------------------------------------------------------------------------------------


def _ask(claim: Claim[Ask], ask: Ask, account: Account) -> float | None:
    if wait := seconds_to_ask(account):
        return wait
    client = client_for(account)
    team = team_of_key(account, client)
    with claim.locked() as fresh:
        generation.advance()
        _set(fresh, state=AskState.SENDING, sent_at=timezone.now(), provider_team=team)
    reply = deferred_calls.ask(client, _body(ask), f"bs-ask-{ask.pk}")
    if isinstance(reply, StartedDeferred):
        with claim.locked() as fresh:
            _set(fresh, state=AskState.RUNNING, request_id=reply.request_id, faults=0, held_reason="")
        return timeouts().first_look
    verdict = deferred_calls.after_asking(reply)
    if verdict is CallVerdict.LOST:
        return _end(claim, AskState.LOST, f"{REPLY_WAS_LOST} {reply.message}")
    if verdict is CallVerdict.REFUSED:
        return _end(claim, AskState.FAILED, reply.message)
    with claim.locked() as fresh:
        _set(fresh, state=AskState.PLANNED, sent_at=None)
    if isinstance(reply, RateLimited):
        pause(account, reply.retry_after or timeouts().poll)
        return timeouts().poll
    return _trouble(claim, account, reply)


def _body(ask: Ask) -> dict[str, object]:
    system = [Message("system", ask.system_prompt)] if ask.system_prompt.strip() else []
    return chat_body(ask.model, [*system, Message("user", ask.prompt)], ask.params)


# ---- reading -------------------------------------------------------------------------------------------


def _read(claim: Claim[Ask], ask: Ask, account: Account) -> float | None:
    if ask.sent_at and timezone.now() > ask.sent_at + timedelta(seconds=timeouts().deferred_kept):
        return _end(claim, AskState.LOST, NOT_READ)
    client = client_for(account)
    if words := cannot_read(account, client, ask.provider_team):
        return _hold(claim, words, timeouts().held_probe)
    reply = deferred_calls.read(client, ask.request_id)
    if isinstance(reply, dict):
        return _store(claim, ask, reply)
    if reply is None:
        with claim.locked() as fresh:
            _set(fresh, faults=0, missed_at=None, held_reason="")
        return timeouts().poll
    verdict = deferred_calls.after_reading(reply)
    if verdict is CallVerdict.REFUSED:
        return _end(claim, AskState.FAILED, reply.message)
    if verdict is not CallVerdict.GONE:
        return _trouble(claim, account, reply)
    if deferred_calls.is_missed_twice(ask.missed_at):
        return _end(claim, AskState.LOST, ANSWER_WAS_LOST)
    with claim.locked() as fresh:
        _set(fresh, missed_at=fresh.missed_at or timezone.now())
    return timeouts().look_twice


def _store(claim: Claim[Ask], ask: Ask, completion: dict[str, object]) -> float | None:
    values = columns_of(completion, price_of(ask.team, ask.model))
    values.pop("tool_use")  # an ask has no tools
    tokens = {name: values[name] for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens")}
    with claim.locked() as fresh:
        ended = {"state": AskState.ANSWERED, "ended_at": timezone.now(), "faults": 0, "held_reason": ""}
        _set(fresh, **values, **ended)
        key = key_name(ask.account, ask.key)
        payer = Payer(ask.team_id, ask.account, ask.model, ask.by_id, key, about="Ask")
        spent(payer, ticks=values["cost_ticks"], **tokens)
    return None


# ---- what went wrong -------------------------------------------------------------------------------------


def _trouble(claim: Claim[Ask], account: Account, error: XaiError) -> float:
    words = hold_words(error, account) if is_hold(error) else ""
    with claim.locked() as fresh:
        _set(fresh, faults=min(fresh.faults + 1, 1000), held_reason=words)
    return max(error.retry_after or 0.0, doubling(timeouts().held_probe if words else 1, fresh.faults - 1))


def _hold(claim: Claim[Ask], words: str, wait: float) -> float:
    with claim.locked() as fresh:
        _set(fresh, held_reason=words)
    return wait


def _end(claim: Claim[Ask], state: AskState, words: str) -> float | None:
    with claim.locked() as fresh:
        _set(fresh, state=state, error=words, ended_at=timezone.now(), held_reason="")
    return None


def _set(ask: Ask, **values: object) -> None:
    for name, value in values.items():
        setattr(ask, name, value)
    ask.save(update_fields=list(values))
