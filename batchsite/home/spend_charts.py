"""The charts of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse

from batchsite.charts.chart import Chart, Entry, Ranks, Series, columns, ranks
from batchsite.home.dashboard import Spending
from batchsite.wording import TICKS_PER_DOLLAR, dollars

MODELS = 5
"""Most models with a colour of their own; the others share one."""


def _money(ticks: float) -> str:
    return dollars(round(ticks))


def by_day(spending: Spending) -> Chart:
    """Spend by day, stacked by model."""
    title = f"Spend by day{', simulated' if spending.simulated else ''}"
    return columns("spend", title, _days(spending), _by_model(spending.by_model), show=_money, axis=_round_money)


def _round_money(ticks: float) -> str:
    """Returns dollars as short as possible: "$5", "$2.50", "$0.0125"."""
    text = f"${ticks / TICKS_PER_DOLLAR:,.12g}"
    return f"{text}0" if text[-2:-1] == "." else text


def _days(spending: Spending) -> list[str]:
    return [f"{day.day} {day:%b}" for day in spending.days]


def _by_model(by_model: Mapping[str, Sequence[int]]) -> list[Series]:
    series = [
        Series(model or "no model", ticks, f"s{place}")
        for place, (model, ticks) in enumerate([*by_model.items()][:MODELS], 1)
    ]
    others = [*by_model.values()][MODELS:]
    if others:
        series.append(Series("others", [sum(day) for day in zip(*others, strict=True)], "s6"))
    return series


def outcomes(spending: Spending) -> Chart:
    """Rows by day, with and without an answer."""
    series = [Series("succeeded", spending.answered, "good"), Series("without an answer", spending.failed, "warn")]
    return columns("rows", "Rows by day", _days(spending), series)


def by_person(spending: Spending) -> Ranks:
    """Spend by person, each with a link to their batches."""
    entries = [
        Entry(name, ticks, f"{reverse('batches')}?{urlencode({'person': pk})}" if pk else "")
        for pk, name, ticks in spending.by_person[:8]
    ]
    return ranks("people", "Spend by person", entries, show=_money)


def by_models(spending: Spending) -> Ranks:
    """Spend by model."""
    entries = [
        Entry(model or "no model", ticks, tone=f"s{min(place, MODELS + 1)}")
        for place, (model, ticks) in enumerate([*spending.models.items()][:8], 1)
    ]
    return ranks("models", "Spend by model", entries, show=_money)
