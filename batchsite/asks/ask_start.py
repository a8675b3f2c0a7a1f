"""What people do with asks: press Ask, remove one. Everything is checked and stored before anything is sent."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from batchsite.asks.models import Ask, AskState
from batchsite.pricing.budgets import limiting_budget
from batchsite.pricing.lessons import PER_CHARACTER
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.rates import ANSWER_GUESS, OVERHEAD
from batchsite.recipes.parameters import check_params
from batchsite.teams.accounts import AccountMissing, payer_of
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.xai.bodies import CHAT

LONGEST = 1_000_000
"""Characters of a prompt."""
SHOWN = 300
"""Characters of a text in a list."""
THOUGHT_GUESS = 300
"""Reasoning tokens of an answer."""
HELD_BACK = (
    "Not asked: the database was restored or the machine restarted, so it can’t be known whether this was already "
    "asked and billed. Press Ask again to ask it."
)


class Refused(ValueError):
    """It cannot be asked; the text says why and what to do."""


def likely_cost(team: Team, model: str, characters: int) -> int | None:
    """Returns about what a prompt of so many characters costs, in ticks at list price. None if nobody knows."""
    price = price_of(team, model)
    if price is None:
        return None
    prompt, output = OVERHEAD + characters * PER_CHARACTER, ANSWER_GUESS + THOUGHT_GUESS
    return round(prompt * price.input_price + output * price.output_price)


def press(
    team: Team,
    user: User | None,
    *,
    model: str,
    prompt: str,
    system: str = "",
    key: ProviderKey | None = None,
    **params: Any,
) -> Ask:
    """Store a prompt, to be asked by a worker. `key`: one of the team's, else what pays by default. Raises Refused."""
    prompt, system = prompt.replace("\r\n", "\n"), system.replace("\r\n", "\n")
    if not prompt.strip():
        raise Refused("Write a prompt first.")
    if not model:
        raise Refused("Choose a model.")
    if len(prompt) + len(system) > LONGEST:
        raise Refused(f"The prompt is too long: {LONGEST:,} characters at most.")
    given = {name: value for name, value in params.items() if value is not None}
    if wrong := check_params(model, given, CHAT):
        raise Refused(" ".join(f"{name}: {words}" for name, words in wrong.items()))
    budget, cost = limiting_budget(team, user), likely_cost(team, model, len(prompt) + len(system))
    if budget and (words := budget.refusal(cost or 0, "This prompt", "ask something shorter")):
        raise Refused(words)
    if budget and budget.is_reached:
        raise Refused(f"{budget.whose_title} budget is used up.")
    try:
        account, paying = payer_of(team, key)
    except AccountMissing as error:
        raise Refused(f"{error} Nothing was sent.") from error
    return Ask.objects.create(
        team=team,
        by=user,
        account=account,
        key=paying,
        model=model,
        system_prompt=system,
        prompt=prompt,
        params=given,
        next_look_at=timezone.now(),
    )


def asks_of(team: Team) -> QuerySet[Ask]:
    return Ask.objects.filter(team=team).select_related("by").defer("raw")


def listed(team: Team) -> QuerySet[Ask]:
    """Returns the asks for a list: the beginnings of prompts and answers, as each may have a million characters."""
    texts = ("prompt", "system_prompt", "answer", "reasoning")
    return asks_of(team).defer(*texts).annotate(asked=Left("prompt", SHOWN), told=Left("answer", SHOWN)).order_by("-pk")


def answered(team: Team) -> QuerySet[Ask]:
    """Returns the asks that have an answer, the latest first."""
    return asks_of(team).filter(state=AskState.ANSWERED).exclude(answer="").order_by("-pk")


def remove(ask: Ask) -> None:
    """Remove an ask that has ended, or that nobody asked yet; one that xAI works on stays, as it is paid for."""
    Ask.objects.filter(pk=ask.pk).exclude(state__in=[AskState.SENDING, AskState.RUNNING]).delete()


def wake_held(team: Team) -> None:
    """Make every held ask of the team due, because a key was set."""
    held = Ask.objects.filter(team=team, ended_at=None).exclude(held_reason="")
    held.update(next_look_at=timezone.now(), faults=0, tries=0)


def hold_back() -> None:
    """After a restore: what was to be asked may have been asked before. Part of the transaction of the restore."""
    planned = Ask.objects.filter(state__in=[AskState.PLANNED, AskState.SENDING])
    now = timezone.now()
    planned.update(state=AskState.LOST, error=HELD_BACK, ended_at=now, next_look_at=None, lease_token="")
