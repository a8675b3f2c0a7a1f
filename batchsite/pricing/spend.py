"""What a team spent per day, by batch, key, model and person.

Sums, updated in the transaction that stores what was billed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db.models import F, Sum
from django.utils import timezone

from batchsite.batches.models import DailySpend
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import Team, User


@dataclass(frozen=True)
class Payer:
    """Who pays, for which model."""

    team_id: int
    account: str
    model: str
    user_id: int | None
    key: str = ""
    """The key, as the ledger names it."""
    batch_id: int | None = None
    about: str = ""
    """The name of the batch, or what it was for."""


def spent(payer: Payer, **moves: int) -> None:
    """Adds to today's sums (the columns of DailySpend), in the caller's transaction."""
    if not any(moves.values()):
        return
    today = timezone.now().date()
    keys = asdict(payer)
    about = keys.pop("about")
    known = DailySpend.objects.filter(day=today, **keys).order_by("pk").values_list("pk", flat=True).first()
    if known is None:
        DailySpend.objects.create(day=today, about=about[:200], **keys, **moves)
    else:
        added = {name: F(name) + move for name, move in moves.items() if move}
        DailySpend.objects.filter(pk=known).update(**added)


def spent_this_month(team: Team, person: User | None = None) -> int:
    """Returns ticks of real money that the team, or a person of it, spent in this calendar month (UTC)."""
    found = DailySpend.objects.filter(team=team, day__gte=timezone.now().date().replace(day=1))
    found = found.filter(user=person) if person else found
    return int(found.exclude(account=AccountKind.SANDBOX).aggregate(sum=Sum("ticks"))["sum"] or 0)
