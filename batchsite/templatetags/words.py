"""Template filters for numbers, money, sizes and times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from django import template
from django.db.models import Model
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

from batchsite.wording import about, compact, dollars, duration, exact, number, percent, share, size

register = template.Library()
for _filter in (about, dollars, exact, number, compact, size, percent, share, duration):
    register.filter(_filter.__name__, _filter)


@register.filter
def money(ticks: int | None) -> str:
    """`dollars`, with the exact amount on hover."""
    return dollars(ticks) if ticks is None else format_html('<span title="{}">{}</span>', exact(ticks), dollars(ticks))


@register.filter
def when(moment: datetime | None) -> str:
    """A relative time ("12 minutes ago"), with the exact time in the viewer's zone on hover."""
    return _time(moment, "near")


@register.filter
def clock(moment: datetime | None) -> str:
    """A time to the second in the viewer's zone, with the day unless that is today."""
    return _time(moment, "clock")


@register.filter
def day(moment: datetime | None) -> str:
    """The day alone, for the distant past."""
    return _time(moment, "day")


def _time(moment: datetime | None, style: str) -> str:
    """Renders UTC for browsers without JavaScript; base.js replaces it with the viewer's time."""
    if moment is None:
        return "—"
    text = f"{localtime(moment):%-d %b %Y}" if style == "day" else f"{localtime(moment):%-d %b %Y, %H:%M} UTC"
    return format_html('<time datetime="{}" data-time="{}">{}</time>', moment.isoformat(), style, text)


@register.filter
@lru_cache(maxsize=2048)
def breakable(text: str) -> str:
    """A label such as `card_payment_fee_charged`, which may wrap after its joints.

    Cached, because a page shows hundreds of them and the next page shows the same ones.
    """
    joints = re.split(r"(?<=[_/.:-])(?=.)", text)
    return format_html_join(format_html("<wbr>{}", ""), "{}", ((part,) for part in joints))


@register.filter
def marked(text: object, searched: str) -> str:
    """A text with every place that was searched for marked, upper or lower case. Both are escaped."""
    if not searched:
        return str(text)
    parts = _around(str(text), searched.casefold())
    marks = (format_html("<mark>{}</mark>", part) if place % 2 else part for place, part in enumerate(parts))
    return format_html_join("", "{}", ((part,) for part in marks))


def _around(text: str, wanted: str) -> list[str]:
    """Returns what stands before, at, between and behind the places of a text: every second part is one.

    `str.find` is linear in the text whatever is searched for, as no regular expression is that ignores case.
    """
    folded, starts = text.casefold(), None
    if len(folded) != len(text):  # a letter such as ß became two
        starts = [place for place, sign in enumerate(text) for _ in sign.casefold()] + [len(text)]
    parts, done, at = [], 0, folded.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        first, last = (starts[at], starts[end - 1] + 1) if starts else (at, end)
        if first >= done:
            parts += [text[done:first], text[first:last]]
            done = last
        at = folded.find(wanted, end)
    return [*parts, text[done:]]


@register.filter
def ids(records: Iterable[Model]) -> str:
    """Their ids with commas between, as an address takes them."""
    return ",".join(str(record.pk) for record in records)


@register.filter
def token_words(usage: Any) -> str:
    """What an answer took: "1,200 in, 5 out, 0 reasoning". `usage` is whatever carries the three counts."""
    return (
        f"{number(usage.prompt_tokens)} in, {number(usage.completion_tokens)} out, "
        f"{number(usage.reasoning_tokens)} reasoning"
    )


@register.filter
def pair_query(pair: Any) -> str:
    """The part of an address that asks for the rows of a pair: expected this, answered that."""
    return urlencode({"expected": pair.expected, "answered": pair.answered}, quote_via=quote)


@register.filter
def entry(words: Mapping[int, str] | str, key: int) -> str:
    """The words under that key. Blank if there are none."""
    return words.get(key, "") if isinstance(words, Mapping) else ""


@register.filter
def browser(user_agent: str) -> str:
    """The browser and system that a user agent names, such as "Firefox on Linux". "Unknown browser" for others."""
    browsers = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac", "macOS"))
    name = next((word for mark, word in browsers if mark in user_agent), "Unknown browser")
    system = next((word for mark, word in (*systems, ("Linux", "Linux")) if mark in user_agent), "")
    return f"{name} on {system}" if system else name
