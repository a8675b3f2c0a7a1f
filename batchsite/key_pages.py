"""Lists by key: sorted by an indexed column, ties by id, a page at a time and never by OFFSET."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Expression, F, Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
PLACES = ("after", "before")
"""Parameters that only say which page of a list is shown."""


@dataclass(frozen=True)
class SortKey:
    """What a list can be sorted by. `of` has an index together with the team and the id."""

    of: F | Expression
    first: str = ""
    """The order of the first click: `-` for the highest first."""


@dataclass(frozen=True)
class KeyPage(Generic[M]):
    """A page of a list, and the ids next to which the pages beside it end and begin."""

    records: Sequence[M]
    previous: int | None = None
    next: int | None = None


@dataclass(frozen=True)
class SortLink:
    """The head of a column by which a list can be sorted."""

    query: str
    """Sorts by it, or turns the order around."""
    direction: str
    """`ascending`, `descending`, or blank if the list is sorted by something else."""


def sort_in(query: QueryDict, keys: Mapping[str, SortKey]) -> str:
    """Returns the order that an address names, such as `-cost`. Blank if it names none."""
    sort = query.get("sort", "")
    return sort if sort.removeprefix("-") in keys else ""


def sort_links(query: QueryDict, keys: Mapping[str, SortKey], sort: str) -> dict[str, SortLink]:
    """Returns the link of every column that sorts. `sort` is the order in use."""
    return {name: _link(query, name, key, sort) for name, key in keys.items()}


def _link(query: QueryDict, name: str, key: SortKey, sort: str) -> SortLink:
    is_this = sort.removeprefix("-") == name
    falls = is_this and sort.startswith("-")
    turned = name if falls else f"-{name}"
    kept = query.copy()
    for place in PLACES:
        kept.pop(place, None)
    kept["sort"] = turned if is_this else f"{key.first}{name}"
    return SortLink(f"?{kept.urlencode()}", ("descending" if falls else "ascending") if is_this else "")


def page_by_key(
    records: QuerySet[M],
    anchors: QuerySet[M],
    keys: Mapping[str, SortKey],
    sort: str,
    *,
    size: int,
    after: int | None = None,
    before: int | None = None,
) -> KeyPage[M]:
    """Returns a page of `records`: behind the record with the id `after`, or before `before`; else the first.

    The id is looked up among `anchors`, all that the reader may know: it need not be among the records any more.
    """
    key, falls = keys[sort.removeprefix("-")].of, sort.startswith("-")
    turned = before is not None
    named = before if before is not None else after
    ordered: QuerySet[Any] = records.annotate(sort_key=key)
    if named is not None:
        value = anchors.filter(pk=named).annotate(sort_key=key).values_list("sort_key", flat=True).first()
        if value is not None:
            ordered = ordered.filter(_beyond(value, named, down=falls != turned))
        else:
            named, turned = None, False
    order = ("-sort_key", "-pk") if falls != turned else ("sort_key", "pk")
    page = list(ordered.order_by(*order)[: size + 1])
    more, page = len(page) > size, page[:size]
    if turned:
        page.reverse()
        return KeyPage(page, page[0].pk if page and more else None, page[-1].pk if page else None)
    return KeyPage(page, page[0].pk if page and named is not None else None, page[-1].pk if more else None)


def _beyond(value: Any, pk: int, *, down: bool) -> Q:
    """Selects what comes after a record in the order of key and id. The first condition is the one for the index."""
    if down:
        return Q(sort_key__lte=value) & (Q(sort_key__lt=value) | Q(pk__lt=pk))
    return Q(sort_key__gte=value) & (Q(sort_key__gt=value) | Q(pk__gt=pk))
