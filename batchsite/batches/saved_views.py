"""Filters and orders of lists that a team saved under a name. Every query starts from a team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batchsite.batches.models import SavedView
from batchsite.teams.models import Team, User

MOST = 40
"""Most views of a team for one list."""
LONGEST = 4_000
"""Characters of a query. Every page of the list reads all views, and browsers and proxies take about 8,000."""


@dataclass(frozen=True)
class SavedViews:
    """The views above a list, and what can be done about the one that is shown."""

    views: list[SavedView]
    current: SavedView | None
    """The view whose filter and order are in use."""
    query: str
    """The filter and the order in use; blank if there is none."""
    can_save: bool
    """Whether the filter in use has no name yet."""


def views_of(team: Team, place: str, query: str, fits: Callable[[str], bool] = lambda _: True) -> SavedViews:
    """Returns the views of a list, in the order in which they were saved, as far as their query `fits`."""
    stored = SavedView.objects.filter(team=team, place=place).order_by("pk")
    views = [view for view in stored[:MOST] if fits(view.query)]
    current = next((view for view in views if view.query == query), None)
    return SavedViews(views, current, query, can_save=bool(query) and current is None)


def save(team: Team, place: str, name: str, query: str, user: User) -> str:
    """Saves a view; one with the name gets the new query. Returns why that is not possible, blank if it was."""
    name = " ".join(name.split())[:60]
    if not name:
        return "Give the view a name."
    if not query:
        return "Choose a filter or an order first."
    if len(query) > LONGEST:
        return f"This filter is too long to be saved: {LONGEST:,} characters of its address at most."
    views = SavedView.objects.filter(team=team, place=place)
    if views.count() >= MOST and not views.filter(name=name).exists():
        return f"A team can save {MOST} views of a list. Delete one first."
    SavedView.objects.update_or_create(team=team, place=place, name=name, defaults={"query": query, "created_by": user})
    return ""


def delete(team: Team, pk: int) -> SavedView | None:
    """Deletes a view. Returns what it was, None if it is gone already."""
    view = SavedView.objects.filter(team=team, pk=pk).first()
    if view:
        SavedView.objects.filter(pk=view.pk).delete()
    return view
