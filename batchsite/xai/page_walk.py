"""Reading a list page by page without trusting the cursor (facts 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from batchsite.xai.errors import BadAnswer
from batchsite.xai.types import Page
from batchsite.xai.wire_json import is_table, table, text

T = TypeVar("T")


def walk(fetch: Callable[[str | None], Page[T]], token: str | None = None) -> Iterator[T]:
    """Yields every item from `token` on.

    Raises BadAnswer for a cursor that comes twice, or a page that announces more but brings nothing new: either
    would make the walk endless.
    """
    seen = {token}
    previous: list[T] = []
    while True:
        page = fetch(token)
        yield from page.items
        token = page.next_token
        if token is None:
            return
        if token in seen:
            raise BadAnswer(f"The list of xAI goes in circles: its page token {token!r} came twice.")
        if not page.items or page.items == previous:
            raise BadAnswer("The list of xAI does not end: a page with nothing new promises more.")
        seen.add(token)
        previous = page.items


def read_page(data: Any, name: str, read: Callable[[Any], T]) -> Page[T]:
    """Returns the page of a list route; null or "" marks the last page. Raises ValueError if it is not a page."""
    if not is_table(data) or not isinstance(data.get(name), list):
        raise ValueError(f"it holds no list of {name}")
    return Page([read(item) for item in data[name]], text(data.get("pagination_token")) or None)


def read_results_page(data: Any) -> Page[dict[str, Any]]:
    """Returns a page of raw result rows. Some sources report arrays `succeeded` and `failed` instead (facts 2.7 e)."""
    raw = table(data)
    lists = [raw[name] for name in ("results", "succeeded", "failed") if isinstance(raw.get(name), list)]
    if not lists:
        raise ValueError("it holds no list of results")
    rows = [_as_row(row) for rows in lists for row in rows]
    return Page(rows, text(raw.get("pagination_token")) or None)


def _as_row(row: Any) -> dict[str, Any]:
    """Returns the row. A row that is not a JSON object is wrapped in one, so that it is not lost."""
    return row if is_table(row) else {"unreadable": row}
