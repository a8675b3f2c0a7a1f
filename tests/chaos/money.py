"""What people do about money: caps of batches, set and changed while they run, and the team's budget of the month."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from django.db.models import Sum

from batchsite.batches.models import Batch, Event, Result
from batchsite.batches.states import RUNNING, HeldFor
from batchsite.pricing.spend import spent_this_month
from batchsite.pricing.spend_caps import PROBE
from batchsite.wording import TICKS_PER_DOLLAR

if TYPE_CHECKING:
    from tests.chaos.people import People

CAPPED = 0.3
"""Share of batches that are started with a cap."""
TIGHT = (4.0, 12.0)
"""Seconds for which a budget is used up."""
STOPPED, WAITS, HELD = "stopped at xAI for a cap", "waits below a cap", "held for a budget"


class Purse:
    """Whoever holds it may change what is spent."""

    def __init__(self, people: People, dice: random.Random) -> None:
        self._people, self._dice = people, dice
        self._lifted_at: float | None = None

    def cap_for(self, rows: int) -> str:
        """Returns what is typed as the cap of a new batch: too little, or somewhat more than enough. Mostly nothing."""
        if self._dice.random() > CAPPED or not (each := _per_row()):
            return ""
        return _typed(round(each * rows * self._dice.uniform(0.1, 1.5)))

    def change_a_cap(self) -> str:
        """Of a batch that runs, to a little more than it cost so far: what xAI has may pass it."""
        batch = self._people.some(state__in=RUNNING)
        if batch is None:
            return ""
        more = _per_row() * (batch.total - batch.done) * self._dice.uniform(0, 0.5)
        self._people.press(f"/batches/{batch.pk}/cap", {"spend_cap": _typed(batch.cost_ticks + round(more))})
        return "caps changed"

    def answer_a_cap(self) -> str:
        """Raise it, remove it, cancel at it, or take what is there."""
        batch = self._people.some(state__in=RUNNING, held_for=HeldFor.CAP)
        if batch is None:
            return ""
        what = self._dice.choices(("raise", "remove", "cancel", "finish"), (5, 3, 1, 1))[0]
        if what in {"cancel", "finish"}:
            self._people.press(f"/batches/{batch.pk}/{what}")
            return f"{what} at a cap"
        more = _per_row() * self._dice.uniform(1, batch.total - batch.done + 20)
        self._people.press(
            f"/batches/{batch.pk}/cap",
            {"spend_cap": "" if what == "remove" else _typed(batch.cost_ticks + round(more))},
        )
        return f"{what} a cap"

    def tighten_budget(self) -> str:
        """The team's budget is used up for some seconds."""
        if self._lifted_at is not None:
            return ""
        self._lifted_at = time.monotonic() + self._dice.uniform(*TIGHT) * self._people.scene.plan.slower
        self._set_budget(_typed(spent_this_month(self._people.team)))
        return "budgets used up"

    def lift_budget(self) -> str:
        """When its time has come, and in the end: a restore may have brought it back."""
        is_over = self._people.over.is_set()
        if not is_over and (self._lifted_at is None or time.monotonic() < self._lifted_at):
            return ""
        held = Batch.objects.filter(held_for=HeldFor.BUDGET).count()
        self._set_budget("")
        self._lifted_at = None
        self._people.tally.count(self._people.tally.hits, HELD, held)
        return "budgets lifted"

    def _set_budget(self, typed: str) -> None:
        reply = self._people.visitors[0].post("/team/budget", {"budget": typed})
        if reply.status_code != 200:
            raise OSError(f"the budget could not be set: {reply.status_code}")


def count_caps() -> dict[str, int]:
    """Returns how often a cap did what it is there for."""
    kinds = {STOPPED: "cap_stopped", WAITS: "cap_waits"}
    return {what: Event.objects.filter(kind=kind).count() for what, kind in kinds.items()}


def passed_cap(batch: Batch) -> str:
    """Returns how a batch passed the cap that it was started with; "" if it did not, or its cap was changed.

    While nothing tells what a row costs, a few are sent nevertheless. Answers kept from tries were paid before.
    """
    cap = batch.spend_cap_ticks
    if cap is None or batch.events.filter(kind="cap_set").exists():
        return ""
    tried = Result.objects.filter(batch=batch, submission=None).aggregate(ticks=Sum("cost_ticks"))["ticks"] or 0
    most = max(cap, tried) + PROBE * batch.dearest_ticks
    return f"it cost {batch.cost_ticks} ticks, and its cap is {cap}" if batch.cost_ticks > most else ""


def _per_row() -> int:
    sums = Batch.objects.aggregate(ticks=Sum("cost_ticks"), rows=Sum("succeeded"))
    return (sums["ticks"] or 0) // sums["rows"] if sums["rows"] else 0


def _typed(ticks: int) -> str:
    return f"{max(1, -(-ticks * 10_000 // TICKS_PER_DOLLAR)) / 10_000:.4f}"
