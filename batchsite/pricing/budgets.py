"""Budgets of a team and of a person for a calendar month: what is left, and what may not be sent because of them.

It is about real money: the sandbox's is simulated, so nothing there is ever held or refused for a budget.

`spent` is what was billed, for batches and trials alike. `promised` is what running batches will still cost by their
estimates: it counts against a new batch, and never stops one that is already running.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from batchsite.batches.models import Batch, Submission
from batchsite.batches.queries import IS_RUNNING
from batchsite.batches.states import State
from batchsite.pricing.estimate import Estimate
from batchsite.pricing.soft_line import near
from batchsite.pricing.spend import spent_this_month
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.models import Membership, Team, User
from batchsite.wording import dollars, exact

promises_asked = Signal()
"""Sent with `team` and `person` (None: everybody). Listeners return the ticks of real money that tries, and prompts
that are asked once, will still cost."""
MOST_RUNNING = 500
"""Running batches whose estimates are summed, the latest."""
RAISE_IT = "An admin or owner can raise it on the Team page"


TEAMS = "the team’s"


@dataclass(frozen=True)
class Budget:
    """A budget as it stands now, in ticks."""

    limit: int
    spent: int
    promised: int
    """What running batches will still cost, by their estimates."""
    month: str
    whose: str = TEAMS
    """The team's, or a person's: `Alice’s`."""

    @property
    def left(self) -> int:
        return max(0, self.limit - self.spent - self.promised)

    @property
    def is_reached(self) -> bool:
        return self.spent >= self.limit

    @property
    def is_near(self) -> bool:
        return near(self.spent, self.limit)

    @property
    def whose_title(self) -> str:
        return self.whose[:1].upper() + self.whose[1:]

    def refusal(self, ticks: int, what: str, or_else: str) -> str:
        """Returns why `ticks` more cannot be spent. Empty if they can."""
        if ticks <= self.left:
            return ""
        promised = f", {dollars(self.promised)} is reserved for running batches" if self.promised else ""
        return (
            f"{what} would cost about {dollars(ticks)}, and {dollars(self.left)} is left of {self.whose} budget of "
            f"{exact(self.limit)} for {self.month}: {dollars(self.spent)} is spent{promised}. "
            f"{RAISE_IT}, or {or_else}."
        )


@contextmanager
def alone_with_budgets(team: Team) -> Iterator[None]:
    """A transaction in which nobody else starts anything for the team: two must not both spend what is left."""
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        yield


def budget_of(team: Team) -> Budget | None:
    """Returns the team's budget as it stands now. None if it has none."""
    return next(iter(budgets_of(team, None)), None)


def budgets_of(team: Team, person: User | None, *, is_running: bool = False) -> list[Budget]:
    """Returns the budgets that limit what the person starts, the team's first. None as person: the command line.

    For what already runs (`is_running`), promised money does not count.
    """
    limits: list[tuple[int | None, User | None]] = [(team.budget_ticks, None)]
    if person:
        own = Membership.objects.filter(team=team, user=person).values_list("budget_ticks", flat=True)
        limits.append((own.first(), person))
    return [
        Budget(
            limit,
            spent_this_month(team, of),
            0 if is_running else _promised(team, of),
            f"{timezone.now():%B}",
            f"{of}’s" if of else TEAMS,
        )
        for limit, of in limits
        if limit is not None
    ]


def limiting_budget(team: Team, person: User | None) -> Budget | None:
    """Returns the tightest budget of what is started now. None if there is none, or no money is spent."""
    if account_kind(team) == AccountKind.SANDBOX:
        return None
    return min(budgets_of(team, person), key=lambda budget: (not budget.is_reached, budget.left), default=None)


def _promised(team: Team, person: User | None) -> int:
    """Ticks of real money that running batches will still cost."""
    running = Batch.objects.filter(IS_RUNNING, team=team).exclude(account=AccountKind.SANDBOX)
    running = running.filter(started_by=person) if person else running
    costs = running.order_by("-pk").values_list("estimate", "cost_ticks")[:MOST_RUNNING]
    batches = sum(max(0, int((stored or {}).get("likely") or 0) - cost) for stored, cost in costs)
    return batches + sum(int(ticks or 0) for _, ticks in promises_asked.send(Team, team=team, person=person))


def refusal_of(team: Team, price: Estimate | None, person: User | None) -> str:
    """Returns why a batch of that price does not fit the budgets, in words; "" if it fits.

    A batch whose price nobody knows (None) fits until a budget is used up.
    """
    budget = limiting_budget(team, person)
    if budget is None:
        return ""
    if price is None:
        return f"{budget.whose_title} budget is used up." if budget.is_reached else ""
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
    spent = f"{dollars(budget.spent)} of {exact(budget.limit)} spent in {budget.month}"
    return f"{'' if budget.whose == TEAMS else budget.whose + ' '}budget reached: {spent}. {RAISE_IT}."


def _has_begun(submission: Submission) -> bool:
    return Submission.objects.filter(batch=submission.batch_id).exclude(remote_id="", create_tried_at=None).exists()


def reached(batch: Batch) -> Budget | None:
    """Returns a budget that is used up, if the batch costs real money, else None."""
    return next((budget for budget in _of_batch(batch) if budget.is_reached), None)


def near_budgets(batch: Batch) -> list[Budget]:
    """Returns the budgets of the batch whose soft line is passed."""
    return [budget for budget in _of_batch(batch) if budget.is_near]


def _of_batch(batch: Batch) -> list[Budget]:
    """Returns the budgets that the batch is spent from."""
    simulated = batch.account == AccountKind.SANDBOX
    return [] if simulated else budgets_of(batch.team, batch.started_by, is_running=True)


def newly_near(batch: Batch) -> list[Budget]:
    """Returns the budgets of the batch whose soft line was passed, each once a month and for one caller only."""
    found, month = [], timezone.now().strftime("%Y-%m")
    for budget in near_budgets(batch):
        team, members = Team.objects.filter(pk=batch.team_id), Membership.objects.filter(team=batch.team_id)
        owner = team if budget.whose == TEAMS else members.filter(user=batch.started_by_id)
        if owner.exclude(near_budget_in=month).update(near_budget_in=month):
            found.append(budget)
    return found
