"""Numbers, money, sizes and times in the words of the pages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

register = template.Library()
TICKS_PER_DOLLAR = 10_000_000_000


@register.filter
def dollars(ticks: int | None) -> str:
    """Ticks (1e-10 USD) as money: four digits under $10, two above; "< $0.0001" instead of a false nought."""
    if ticks is None:
        return "—"
    if not ticks:
        return "$0"
    amount = Decimal(ticks) / TICKS_PER_DOLLAR
    if 0 < amount < Decimal("0.0001"):
        return "< $0.0001"
    return f"${amount:,.2f}" if amount >= 10 else f"${amount:.4f}"


@register.filter
def price(ticks: int | None) -> str:
    """`dollars` of a price, which has cents: $1.0000 as $1.00."""
    return dollars(ticks).removesuffix("00") if ticks else dollars(ticks)


@register.filter
def exact(ticks: int | None) -> str:
    """Ticks as dollars to the last tick, without noughts that say nothing: "$1.49270012"."""
    if ticks is None:
        return "—"
    if not ticks:
        return "$0"
    whole, part = divmod(ticks, TICKS_PER_DOLLAR)
    return f"${whole:,}.{f'{part:010d}'.rstrip('0').ljust(2, '0')}"


@register.filter
def money(ticks: int | None) -> str:
    """`dollars`, with the exact sum on hover."""
    return dollars(ticks) if ticks is None else format_html('<span title="{}">{}</span>', exact(ticks), dollars(ticks))


@register.filter
def number(value: int | None) -> str:
    """7166 as 7,166."""
    return "—" if value is None else f"{value:,}"


def many(count: int, word: str) -> str:
    """So many of a thing: 1 row, 7,166 rows."""
    return f"{count:,} {word}{'s' if count != 1 else ''}"


@register.filter
def compact(value: int | None) -> str:
    """1460000 as 1.46 M, for sums that nobody counts on their fingers."""
    if value is None:
        return "—"
    for least, unit, word in ((1_000_000_000, 1_000_000_000, "G"), (1_000_000, 1_000_000, "M"), (10_000, 1000, "k")):
        if value >= least:
            return f"{value / unit:.3g} {word}"
    return number(value)


@register.filter
def size(value: int | None) -> str:
    """Bytes as 335 MB."""
    if value is None:
        return "—"
    amount = float(value)
    for word in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or word == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {word}" if amount >= 10 or word == "bytes" else f"{amount:.1f} {word}"


@register.filter
def percent(part: int, whole: int) -> str:
    """How much of `whole` is done. Rounded down: 100 is said only when nothing is left."""
    if not whole or part <= 0:
        return "0 %"
    return f"{100 * part // whole} %" if 100 * part >= whole else "< 1 %"


@register.filter
def share(part: float | None) -> str:
    """A share of one as 91.3 %; never rounded up to 100 %."""
    if part is None:
        return "—"
    return "100 %" if part == 1 else f"{min(100 * part, 99.9):.1f} %"


@register.filter
def duration(value: timedelta | float | None) -> str:
    """A length of time as 45 s, 12 min, 3 h 20 min or 2 d 4 h; seconds where a plain number is given."""
    if value is None:
        return "—"
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


@register.filter
def when(moment: datetime | None) -> str:
    """A time as people say it ("12 minutes ago"), in the viewer's zone; the exact one on hover."""
    return _time(moment, "near")


@register.filter
def clock(moment: datetime | None) -> str:
    """A time to the second, in the viewer's zone, with the day where that is not today."""
    return _time(moment, "clock")


@register.filter
def day(moment: datetime | None) -> str:
    """The day alone, for what happened long ago."""
    return _time(moment, "day")


def _time(moment: datetime | None, style: str) -> str:
    """What a browser without JavaScript shows is UTC and says so; site.js puts the rest in its place."""
    if moment is None:
        return "—"
    text = f"{localtime(moment):%-d %b %Y}" if style == "day" else f"{localtime(moment):%-d %b %Y, %H:%M} UTC"
    return format_html('<time datetime="{}" data-time="{}">{}</time>', moment.isoformat(), style, text)


@register.filter
@lru_cache(maxsize=2048)
def breakable(text: str) -> str:
    """A label such as `card_payment_fee_charged`, which may go on in a new line behind its joints.

    Kept, as a page shows hundreds of them and the next page the same.
    """
    joints = re.split(r"(?<=[_/.:-])(?=.)", text)
    return format_html_join(format_html("<wbr>{}", ""), "{}", ((part,) for part in joints))
