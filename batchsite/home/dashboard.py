"""The dashboard: batches that need attention, run or ended, and what was spent.

Cheap at any size: running and ended batches have indexes, and money and rows by day are stored as sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from batchsite.batches.models import Batch, DailySpend, Submission
from batchsite.batches.queries import HELD, INCOMPLETE, IS_RUNNING, SENT_BACK, in_lists
from batchsite.batches.states import TERMINAL, State
from batchsite.batches.time_left import time_left
from batchsite.datasets.dataset_queries import datasets_of
from batchsite.datasets.models import Dataset
from batchsite.home.batch_list import SHOWN
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.models import Team, User
from batchsite.timeouts import timeouts

LATELY = timedelta(days=7)
DAYS = 30
"""Days of the charts."""


@dataclass(frozen=True)
class Dashboard:
    """The first few batches and datasets of each list."""

    needs_hand: list[Batch]
    """Held, sent back because rows cannot be sent, stalled, or ended within a week with unanswered rows."""
    stalled: frozenset[int]
    """Those of `needs_hand` that are running but have not moved for long."""
    running: list[Batch]
    left: Mapping[int, str]
    """{id of a running batch: time left in words}, where it is known."""
    drafts: list[Batch]
    """Not submitted yet, the newest first."""
    news: list[Batch]
    """Ended well since the person last looked, latest first."""
    finished: list[Batch]
    """The other ended ones, latest first."""
    datasets: list[Dataset]
    is_new: bool
    """Whether the team has neither a dataset nor a batch yet."""

    @property
    def lists(self) -> tuple[list[Batch], ...]:
        return self.needs_hand, self.running, self.drafts, self.news, self.finished


def dashboard(team: Team, looked: datetime | None = None) -> Dashboard:
    """Returns the lists of a team. `looked`: when the person was here before, if ever."""
    batches = in_lists(team).filter(archived_at=None).order_by("-pk")
    still_ones = list(stalled(batches)[:SHOWN])
    ended = batches.filter(state__in=TERMINAL, ended_at__isnull=False).order_by("-ended_at", "-pk")
    in_trouble = INCOMPLETE & Q(ended_at__gt=timezone.now() - LATELY)
    datasets = list(datasets_of(team).order_by("-created_at", "-pk")[:SHOWN])
    well = list(ended.exclude(in_trouble)[: 2 * SHOWN])
    news = [batch for batch in well if looked and batch.ended_at and batch.ended_at > looked][:SHOWN]
    stalled_ids = frozenset(batch.pk for batch in still_ones)
    moving = batches.filter(IS_RUNNING, held_reason="")[: 2 * SHOWN]
    running = [batch for batch in moving if batch.pk not in stalled_ids][:SHOWN]
    return Dashboard(
        needs_hand=[
            *batches.filter(HELD)[:SHOWN],
            *still_ones,
            *batches.filter(SENT_BACK)[:SHOWN],
            *ended.filter(in_trouble)[:SHOWN],
        ],
        stalled=stalled_ids,
        running=running,
        left=_left(running),
        drafts=list(batches.filter(state=State.DRAFT, problem_count=0)[:SHOWN]),
        news=news,
        finished=[batch for batch in well if batch not in news][:SHOWN],
        datasets=datasets,
        is_new=not datasets and not batches.exists(),
    )


def _left(running: Sequence[Batch]) -> dict[int, str]:
    """Returns {batch id: time left}, where it is known."""
    submissions: dict[int, list[Submission]] = {batch.pk: [] for batch in running}
    for submission in Submission.objects.filter(batch__in=running):
        submissions[submission.batch_id].append(submission)
    now = timezone.now()
    left = {batch.pk: time_left(batch, submissions[batch.pk], now) for batch in running}
    return {pk: words for pk, words in left.items() if words}


def stalled(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """Returns the batches that wait for xAI and have not moved for long."""
    since = timezone.now() - timedelta(seconds=timeouts().stalled)
    moved = Submission.objects.filter(batch=OuterRef("pk"), changed_at__gt=since)
    waiting = batches.filter(IS_RUNNING, state=State.PROCESSING, held_reason="", started_at__lt=since)
    return waiting.exclude(Exists(moved))


# ---- money and rows by day -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spending:
    """Cost and rows of the last days, from DailySpend and never from results."""

    days: Sequence[date]
    by_model: Mapping[str, Sequence[int]]
    """{model: ticks for each of `days`}, the most expensive model first."""
    by_person: Sequence[tuple[int | None, str, int]]
    """(user id, name, ticks), greatest first."""
    answered: Sequence[int]
    failed: Sequence[int]
    """Rows, for each of `days`."""
    simulated: bool
    """Whether it is the sandbox's money."""
    models: Mapping[str, int] = field(default_factory=dict)
    """{model: ticks}, the most expensive first."""

    @property
    def total(self) -> int:
        return sum(self.models.values())


def spending(team: Team) -> Spending:
    """Returns the last 30 days of the account that a batch started now would use."""
    simulated = account_kind(team) == AccountKind.SANDBOX
    today = timezone.now().date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    places = {day: place for place, day in enumerate(days)}
    spend = DailySpend.objects.filter(team=team, day__gte=days[0])
    spend = spend.filter(account=AccountKind.SANDBOX) if simulated else spend.exclude(account=AccountKind.SANDBOX)
    sums = spend.values_list("day", "model", "user_id").annotate(Sum("ticks"), Sum("rows"), Sum("failed"))
    by_model: dict[str, list[int]] = {}
    by_person: dict[int | None, int] = {}
    answered, failed = [0] * DAYS, [0] * DAYS
    for day, model, user, ticks, rows, lost in sums:
        if (place := places.get(day)) is None:
            continue  # by the clock of another machine
        by_model.setdefault(model, [0] * DAYS)[place] += ticks
        by_person[user] = by_person.get(user, 0) + ticks
        answered[place] += rows - lost
        failed[place] += lost
    models = dict(sorted(((model, sum(ticks)) for model, ticks in by_model.items()), key=lambda item: -item[1]))
    return Spending(
        days, {model: by_model[model] for model in models}, _named(by_person), answered, failed, simulated, models
    )


def _named(by_person: Mapping[int | None, int]) -> list[tuple[int | None, str, int]]:
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=[pk for pk in by_person if pk])}
    listed = [(pk, people.get(pk or 0, "Former members"), ticks) for pk, ticks in by_person.items()]
    return sorted(listed, key=lambda person: -person[2])
