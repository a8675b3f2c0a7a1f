"""What a team spent on a day, by model and person: small sums that move in the transaction of what was billed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import models
from django.db.models import F, Sum
from django.utils import timezone

from batchsite.teams.keys import AccountKind, account_kind
from batchsite.teams.models import Team, User


class DailySpend(models.Model):
    """What was billed on one day (UTC, when it came), one record for each account, model and person.

    Two processes may both make the first record of a day: readers sum, so that two are as good as one.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="daily_spend", db_index=False)
    day = models.DateField()
    account = models.CharField(max_length=12, choices=AccountKind.choices)
    """Who paid; the sandbox's money is simulated, and never summed up with real money."""
    model = models.CharField(max_length=100)
    """The model that was asked for."""
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    """Who submitted the batch, or pressed Try."""
    ticks = models.PositiveBigIntegerField(default=0)
    """All of it, tries included."""
    tried_ticks = models.PositiveBigIntegerField(default=0)
    """The part of `ticks` that trying cost, at list price."""
    rows = models.PositiveBigIntegerField(default=0)
    """Rows of batches that the provider said something about: answered, failed or cancelled."""
    failed = models.PositiveBigIntegerField(default=0)
    """Those of `rows` that have no answer; a retry that mends one is a row of its own day."""
    tries = models.PositiveBigIntegerField(default=0)
    """Answers of tries."""
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["team", "day"], name="spend_by_day")]

    def __str__(self) -> str:
        return f"{self.ticks} ticks on {self.day}"


@dataclass(frozen=True)
class Payer:
    """Whose money it is, and what for."""

    team_id: int
    account: str
    model: str
    user_id: int | None


def spent(payer: Payer, **moves: int) -> None:
    """Add to today's sums (the columns of DailySpend), in the caller's transaction."""
    if not any(moves.values()):
        return
    today = timezone.now().date()
    keys = {"team_id": payer.team_id, "account": payer.account, "model": payer.model, "user_id": payer.user_id}
    known = DailySpend.objects.filter(day=today, **keys).order_by("pk").values_list("pk", flat=True).first()
    if known is None:
        DailySpend.objects.create(day=today, **keys, **moves)
    else:
        added = {name: F(name) + move for name, move in moves.items() if move}
        DailySpend.objects.filter(pk=known).update(**added)


def spent_since(team: Team, day: date, *, simulated: bool) -> int:
    """Ticks from that day on: of the sandbox, or of real money."""
    found = DailySpend.objects.filter(team=team, day__gte=day)
    found = found.filter(account=AccountKind.SANDBOX) if simulated else found.exclude(account=AccountKind.SANDBOX)
    return int(found.aggregate(sum=Sum("ticks"))["sum"] or 0)


def spent_this_month(team: Team) -> int:
    """Ticks in this calendar month (UTC), of the kind of money that a batch started now would cost."""
    first = timezone.now().date().replace(day=1)
    return spent_since(team, first, simulated=account_kind(team) == AccountKind.SANDBOX)
