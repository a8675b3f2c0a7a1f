"""The charts of this room's pages: from what was read to what is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse

from batchsite.charts.chart import Chart, Entry, Ranks, Series, columns, ranks
from batchsite.home.dashboard import Spending
from batchsite.wording import TICKS_PER_DOLLAR, dollars

MODELS = 5
"""Models that have a colour of their own; the others are one."""


def _money(ticks: float) -> str:
    return dollars(round(ticks))


def by_day(spending: Spending) -> Chart:
    """Spend by day, stacked by model."""
    title = f"Spend by day{', simulated' if spending.simulated else ''}"
    return columns("spend", title, _days(spending), _by_model(spending.by_model), show=_money, axis=_round_money)


def _round_money(ticks: float) -> str:
    """As short as it can be said: "$5", "$2.50", "$0.0125"."""
    text = f"${ticks / TICKS_PER_DOLLAR:,.12g}"
    return f"{text}0" if text[-2:-1] == "." else text


def _days(spending: Spending) -> list[str]:
    return [f"{day.day} {day:%b}" for day in spending.days]


def _by_model(by_model: Mapping[str, Sequence[int]]) -> list[Series]:
    found = [
        Series(model or "no model", ticks, f"s{place}")
        for place, (model, ticks) in enumerate([*by_model.items()][:MODELS], 1)
    ]
    rest = [*by_model.values()][MODELS:]
    if rest:
        found.append(Series("others", [sum(day) for day in zip(*rest, strict=True)], "s6"))
    return found


def outcomes(spending: Spending) -> Chart:
    """What became of the rows, by day."""
    series = [Series("succeeded", spending.answered, "good"), Series("without an answer", spending.failed, "warn")]
    return columns("rows", "Rows by day", _days(spending), series)


def by_person(spending: Spending) -> Ranks:
    """Who spent it; each leads to their batches."""
    entries = [
        Entry(name, ticks, f"{reverse('batches')}?{urlencode({'person': pk})}" if pk else "")
        for pk, name, ticks in spending.by_person[:8]
    ]
    return ranks("people", "Spend by person", entries, show=_money)


def by_models(spending: Spending) -> Ranks:
    """On which model it was spent."""
    entries = [
        Entry(model or "no model", ticks, tone=f"s{min(place, MODELS + 1)}")
        for place, (model, ticks) in enumerate([*spending.models.items()][:8], 1)
    ]
    return ranks("models", "Spend by model", entries, show=_money)
