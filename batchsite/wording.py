"""Numbers, money, sizes and lengths of time in words, for pages and for sentences. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

TICKS_PER_DOLLAR = 10_000_000_000


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


def price(ticks: int | None) -> str:
    """`dollars` of a price, which has cents: $1.0000 as $1.00."""
    return dollars(ticks).removesuffix("00") if ticks else dollars(ticks)


def exact(ticks: int | None) -> str:
    """Ticks as dollars to the last tick, without noughts that say nothing: "$1.49270012"."""
    if ticks is None:
        return "—"
    if not ticks:
        return "$0"
    whole, part = divmod(ticks, TICKS_PER_DOLLAR)
    return f"${whole:,}.{f'{part:010d}'.rstrip('0').ljust(2, '0')}"


def number(value: int | None) -> str:
    """7166 as 7,166."""
    return "—" if value is None else f"{value:,}"


def many(count: int, word: str) -> str:
    """So many of a thing: 1 row, 7,166 rows."""
    return f"{count:,} {word}{'s' if count != 1 else ''}"


def compact(value: int | None) -> str:
    """1460000 as 1.46 M, for sums that nobody counts on their fingers."""
    if value is None:
        return "—"
    for least, unit, word in ((1_000_000_000, 1_000_000_000, "G"), (1_000_000, 1_000_000, "M"), (10_000, 1000, "k")):
        if value >= least:
            return f"{value / unit:.3g} {word}"
    return number(value)


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


def percent(part: int, whole: int) -> str:
    """How much of `whole` is done. Rounded down: 100 is said only when nothing is left."""
    if not whole or part <= 0:
        return "0 %"
    return f"{100 * part // whole} %" if 100 * part >= whole else "< 1 %"


def share(part: float | None) -> str:
    """A share of one as 91.3 %; never rounded up to 100 %."""
    if part is None:
        return "—"
    return "100 %" if part == 1 else f"{min(100 * part, 99.9):.1f} %"


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
