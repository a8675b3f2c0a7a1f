"""A team's budget for a calendar month: what is left of it, and what may not be sent because of it.

It is about real money: the sandbox's is simulated, so nothing there is ever held or refused for a budget.

`spent` is what was billed, for batches and trials alike. `promised` is what running batches will still cost by their
estimates: it counts against a new batch, and never stops one that is already running.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from batchsite.batches.models import Batch, Submission
from batchsite.batches.queries import IS_RUNNING
from batchsite.batches.states import State
from batchsite.pricing.estimate import Estimate
from batchsite.pricing.spend import spent_this_month
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.models import Team
from batchsite.wording import dollars

MOST_RUNNING = 500
"""Running batches whose estimates are summed, the latest."""
RAISE_IT = "An admin or owner can raise it on the Team page"


@dataclass(frozen=True)
class Budget:
    """A team's budget as it stands now, in ticks."""

    limit: int
    spent: int
    promised: int
    """What running batches will still cost, by their estimates."""
    month: str

    @property
    def left(self) -> int:
        return max(0, self.limit - self.spent - self.promised)

    @property
    def is_reached(self) -> bool:
        return self.spent >= self.limit

    def refusal(self, ticks: int, what: str, or_else: str) -> str:
        """Returns why `ticks` more cannot be spent. Empty if they can."""
        if ticks <= self.left:
            return ""
        promised = f", {dollars(self.promised)} is reserved for running batches" if self.promised else ""
        return (
            f"{what} would cost about {dollars(ticks)}, and {dollars(self.left)} is left of the team’s budget of "
            f"{dollars(self.limit)} for {self.month}: {dollars(self.spent)} is spent{promised}. "
            f"{RAISE_IT}, or {or_else}."
        )


def budget_of(team: Team) -> Budget | None:
    """Returns the team's budget as it stands now. None if it has none."""
    if team.budget_ticks is None:
        return None
    return Budget(team.budget_ticks, spent_this_month(team), _promised(team), f"{timezone.now():%B}")


def limiting_budget(team: Team) -> Budget | None:
    """Returns the budget that what is started now has to fit into. None if there is none, or no money is spent."""
    return None if account_kind(team) == AccountKind.SANDBOX else budget_of(team)


def _promised(team: Team) -> int:
    """Ticks of real money that running batches will still cost."""
    running = Batch.objects.filter(IS_RUNNING, team=team).exclude(account=AccountKind.SANDBOX)
    costs = running.order_by("-pk").values_list("estimate", "cost_ticks")[:MOST_RUNNING]
    return sum(max(0, int((stored or {}).get("likely") or 0) - cost) for stored, cost in costs)


def refusal_of(team: Team, price: Estimate | None) -> str:
    """Returns why a batch of that price does not fit the team's budget, in words; "" if it fits.

    A batch whose price nobody knows (None) fits until the budget is used up.
    """
    budget = limiting_budget(team)
    if budget is None:
        return ""
    if price is None:
        return "The team’s budget is used up." if budget.is_reached else ""
    return budget.refusal(price.likely - price.paid, "This batch", "choose fewer rows")


def waits(submission: Submission) -> str:
    """Returns why a submission that xAI does not have yet is held. Empty if it may go on.

    Further submissions of a batch that has begun go on; retried rows count as new spending.
    """
    if submission.state != State.SUBMITTING or submission.remote_id or submission.create_tried_at:
        return ""
    if submission.cancel_asked_at or (submission.retry_of is None and _has_begun(submission)):
        return ""
    budget = reached(submission.batch)
    if budget is None:
        return ""
    return f"budget reached: {dollars(budget.spent)} of {dollars(budget.limit)} spent in {budget.month}. {RAISE_IT}."


def _has_begun(submission: Submission) -> bool:
    return Submission.objects.filter(batch=submission.batch_id).exclude(remote_id="", create_tried_at=None).exists()


def reached(batch: Batch) -> Budget | None:
    """Returns the budget if it is used up and the batch costs real money, else None."""
    team = batch.team
    if team.budget_ticks is None or batch.account == AccountKind.SANDBOX:
        return None
    budget = Budget(team.budget_ticks, spent_this_month(team), 0, f"{timezone.now():%B}")
    return budget if budget.is_reached else None
