"""What people do with asks: press Ask, remove one. Everything is checked and stored before anything is sent."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Left, Length
from django.utils import timezone

from batchsite.asks.models import Ask, AskState
from batchsite.pricing.budgets import MOST_RUNNING, alone_with_budgets, limiting_budget
from batchsite.pricing.single_prompts import likely_cost, promised
from batchsite.recipes.parameters import check_params
from batchsite.teams.accounts import AccountKind, AccountMissing, payer_of
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.xai.bodies import CHAT

LONGEST = 1_000_000
"""Characters of a prompt."""
SHOWN = 300
"""Characters of a text in a list."""
HELD_BACK = (
    "Not asked: the database was restored or the machine restarted, so it can’t be known whether this was already "
    "asked and billed. Press Ask again to ask it."
)


class AskRefused(ValueError):
    """The prompt cannot be asked. The message says why and what to do."""


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
    """Stores a prompt, to be asked by a worker. `key`: one of the team's, else what pays by default.

    Raises AskRefused.
    """
    prompt, system = prompt.replace("\r\n", "\n"), system.replace("\r\n", "\n")
    if not prompt.strip():
        raise AskRefused("Write a prompt first.")
    if not model:
        raise AskRefused("Choose a model.")
    if len(prompt) + len(system) > LONGEST:
        raise AskRefused(f"The prompt is too long: {LONGEST:,} characters at most.")
    given = {name: value for name, value in params.items() if value is not None}
    if wrong := check_params(model, given, CHAT):
        raise AskRefused(" ".join(f"{name}: {words}" for name, words in wrong.items()))
    cost = likely_cost(team, model, len(prompt) + len(system))
    what = {"model": model, "system_prompt": system, "prompt": prompt, "params": given}
    with alone_with_budgets(team):
        _check_budget(team, user, cost or 0)
        account, paying = _payer(team, key)
        return Ask.objects.create(team=team, by=user, account=account, key=paying, next_look_at=timezone.now(), **what)


def _payer(team: Team, key: ProviderKey | None) -> tuple[str, ProviderKey | None]:
    """Raises AskRefused."""
    try:
        return payer_of(team, key)
    except AccountMissing as error:
        raise AskRefused(f"{error} Nothing was sent.") from error


def _check_budget(team: Team, user: User | None, cost: int) -> None:
    """Raises AskRefused."""
    budget = limiting_budget(team, user)
    if budget and (words := budget.refusal(cost, "This prompt", "ask something shorter")):
        raise AskRefused(words)
    if budget and budget.is_reached:
        raise AskRefused(f"{budget.whose_title} budget is used up.")


def promised_by_asks(team: Team, person: User | None) -> int:
    """Returns about what open asks will still cost, in ticks of real money."""
    running = Ask.objects.filter(team=team, ended_at=None).exclude(account=AccountKind.SANDBOX)
    running = running.filter(by=person) if person else running
    lengths = running.values_list("model", Length("prompt") + Length("system_prompt"))
    return promised(team, lengths[:MOST_RUNNING])


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
    """Removes an ask that has ended or was never sent. One that xAI is working on stays, because it is billed."""
    Ask.objects.filter(pk=ask.pk).exclude(state__in=[AskState.SENDING, AskState.RUNNING]).delete()


def wake_held(team: Team) -> None:
    """Makes every held ask of the team due, because a key was set."""
    held = Ask.objects.filter(team=team, ended_at=None).exclude(held_reason="")
    held.update(next_look_at=timezone.now(), faults=0, tries=0)


def hold_back() -> None:
    """Holds asks back after a restore, as they may have been sent already. Runs in the restore's transaction."""
    planned = Ask.objects.filter(state__in=[AskState.PLANNED, AskState.SENDING])
    now = timezone.now()
    planned.update(state=AskState.LOST, error=HELD_BACK, ended_at=now, next_look_at=None, lease_token="")
