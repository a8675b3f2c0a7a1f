"""What a team spent per day, by model and person: sums, updated in the transaction that stores what was billed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Sum
from django.utils import timezone

from batchsite.batches.models import DailySpend
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import Team


@dataclass(frozen=True)
class Payer:
    """Who pays, for which model."""

    team_id: int
    account: str
    model: str
    user_id: int | None


def spent(payer: Payer, **moves: int) -> None:
    """Adds to today's sums (the columns of DailySpend), in the caller's transaction."""
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
    """Returns ticks spent from that day on, simulated or real."""
    found = DailySpend.objects.filter(team=team, day__gte=day)
    found = found.filter(account=AccountKind.SANDBOX) if simulated else found.exclude(account=AccountKind.SANDBOX)
    return int(found.aggregate(sum=Sum("ticks"))["sum"] or 0)


def spent_this_month(team: Team) -> int:
    """Returns ticks of real money spent in this calendar month (UTC)."""
    return spent_since(team, timezone.now().date().replace(day=1), simulated=False)
