"""Parts of a page that need some arithmetic."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse

from batchsite.wording import number

register = template.Library()
LEAST_SHARE = 0.6
"""Least per cent of the bar for any count: one failed row of a million must be visible."""


class Counted(Protocol):
    """Rows by what became of them, such as a Batch."""

    total: int
    succeeded: int
    failed: int
    cancelled: int
    missing: int
    skipped: int


@register.inclusion_tag("parts/_bar.html")
def bar(rows: Counted, size: str = "", ahead: int = 0) -> dict[str, Any]:
    """The two-coloured bar with its text alternative; `size` may be "thin", or "live", which is thin, too.

    A live one has parts without rows as well, so that each grows smoothly from one poll to the next (parts.css).
    Of the pending rows, `ahead` are done as the provider says but have not been read yet.
    """
    done = rows.succeeded + rows.failed + rows.cancelled + rows.missing + rows.skipped
    counts = [
        ("succeeded", "good", rows.succeeded),
        ("failed", "bad", rows.failed),
        ("missing", "warn", rows.missing),
        (getattr(rows, "row_label", str)("cancelled").lower(), "rest", rows.cancelled),
        ("skipped", "rest", rows.skipped),
        ("done and not read yet", "ahead", ahead),
        ("pending", "", rows.total - done - ahead),
    ]
    label = ", ".join(f"{number(count)} {word}" for word, _, count in counts if count) or "No rows"
    shown = [(tone, count) for _, tone, count in counts if count or size == "live"]
    return {"label": label, "thin": size != "", "parts": shares(shown)}


def shares(counts: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """Returns start and width of each part of the bar in per cent; no part with rows is too thin to see."""
    total = sum(count for _, count in counts)
    widths = [max(100 * count / total, LEAST_SHARE) if count else 0.0 for _, count in counts]
    scale = 100 / (sum(widths) or 100)
    parts, start = [], 0.0
    for (tone, _), width in zip(counts, widths, strict=True):
        if tone:
            parts.append({"tone": tone, "start": f"{start:.3f}", "width": f"{width * scale:.3f}"})
        start += width * scale
    return parts


@register.inclusion_tag("parts/_rail_link.html", takes_context=True)
def rail_link(
    context: Context, name: str, label: str, count: int | None = None, unseen: Collection[int] = ()
) -> dict[str, Any]:
    """A link of the rail, marked on its own page and on those below it, with what runs and what ended unseen."""
    try:
        url = reverse(name)
    except NoReverseMatch:
        return {}
    path = context["request"].path
    below = url != reverse("home") and path.startswith(url)
    here = "page" if path == url else "true" if below else ""
    return {"url": url, "name": name, "label": label, "count": count, "unseen": len(unseen), "here": here}
