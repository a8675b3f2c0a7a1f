"""The ledger: every tick that was billed, by batch, key, model, person and day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet, Sum

from batchsite.batches.models import DailySpend
from batchsite.teams.models import Team
from batchsite.wording import TICKS_PER_DOLLAR

HEAD = (
    *("day", "batch", "batch_id", "model", "person", "key", "simulated", "rows", "tries"),
    *("prompt_tokens", "completion_tokens", "reasoning_tokens", "ticks", "usd"),
)
MOST_LINES = 200
"""Sums on the page; the files have everything."""
WAYS: Mapping[str, tuple[str, ...]] = {
    "batch": ("about", "batch_id"),
    "person": ("user__name", "user__email"),
    "model": ("model",),
    "key": ("key",),
    "day": ("day",),
}


@dataclass(frozen=True)
class LedgerLine:
    """What was billed for one of what the page sums by."""

    name: str
    batch_id: int | None
    ticks: int
    rows: int
    simulated: bool


def months(team: Team) -> list[date]:
    """Returns the first days of the months in which something was billed, latest first."""
    return list(DailySpend.objects.filter(team=team).dates("day", "month", order="DESC"))


def lines(team: Team, month: date | None, way: str) -> Sequence[LedgerLine]:
    """Returns the sums of a month, or of all of them, the greatest first."""
    names = WAYS[way]
    found = _of(team, month).values("account", *names).annotate(sum=Sum("ticks"), count=Sum("rows"))
    order = "-day" if way == "day" else "-sum"
    return [
        LedgerLine(
            str(next((one[name] for name in names if one[name]), "") or _NAMELESS.get(way, "not recorded")),
            one.get("batch_id"),
            one["sum"],
            one["count"],
            one["account"] == "sandbox",
        )
        for one in found.order_by(order)[:MOST_LINES]
    ]


_NAMELESS = {"person": "Former members and the command line"}


def totals(team: Team, month: date | None) -> tuple[int, int]:
    """Returns (ticks of real money, simulated ticks)."""
    sums = dict(_of(team, month).order_by().values_list("account").annotate(Sum("ticks")))
    simulated = sums.pop("sandbox", 0)
    return sum(sums.values()), simulated


def rows(team: Team, month: date | None) -> Iterator[Sequence[str | int]]:
    """Yields every record, as the columns of `HEAD`."""
    for one in _of(team, month).select_related("user").order_by("day", "pk").iterator(2000):
        yield (
            *(one.day.isoformat(), one.about, one.batch_id or "", one.model, str(one.user or ""), one.key),
            *("yes" if one.account == "sandbox" else "no", one.rows, one.tries),
            *(one.prompt_tokens, one.completion_tokens, one.reasoning_tokens, one.ticks),
            f"{one.ticks // TICKS_PER_DOLLAR}.{one.ticks % TICKS_PER_DOLLAR:010d}",
        )


def _of(team: Team, month: date | None) -> QuerySet[DailySpend]:
    found = DailySpend.objects.filter(team=team, ticks__gt=0)
    if month is None:
        return found
    after = (month + timedelta(days=32)).replace(day=1)
    return found.filter(day__gte=month, day__lt=after)
