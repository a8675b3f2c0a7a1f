"""Numbers, money, sizes and durations in words, for pages and for sentences. Pure."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from decimal import Decimal

TICKS_PER_DOLLAR = 10_000_000_000
LONGEST_NAME = 80
_DISARMED = str.maketrans({"<": "‹", ">": "›", "@": "＠", "[": "(", "]": ")", "`": "'", "|": "¦"})
"""What starts a mention, a link or code in Slack, Teams, Discord, Telegram and Markdown."""


def plain_name(name: str) -> str:
    """Returns a name in one line, without characters that have a meaning in mails or chats."""
    shown = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in name)
    line = " ".join(shown.split()).translate(_DISARMED).replace("://", ":/ /").replace("www.", "www. ")
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def dollars(ticks: int | None) -> str:
    """Returns ticks (1e-10 USD) as money: four digits under $10, two above; "< $0.0001" rather than a false zero."""
    if ticks is None:
        return "—"
    if not ticks:
        return "$0"
    amount = Decimal(ticks) / TICKS_PER_DOLLAR
    if 0 < amount < Decimal("0.0001"):
        return "< $0.0001"
    return f"${amount:,.2f}" if amount >= 10 else f"${amount:.4f}"


def about(ticks: int | None) -> str:
    """Returns an estimate as money, rounded to the precision that an estimate has: $0.042, $7.80, $12.50, $1,250."""
    if not ticks:
        return dollars(ticks)
    amount = Decimal(ticks) / TICKS_PER_DOLLAR
    figures = 3 if amount >= 10 else 2
    rounded = round(amount, figures - 1 - amount.adjusted())
    if rounded < Decimal("0.0001"):
        return "< $0.0001"
    if rounded >= 100:
        return f"${rounded:,.0f}"
    return f"${rounded:.{max(2, 1 - rounded.adjusted())}f}"


def exact(ticks: int | None) -> str:
    """Returns ticks as dollars to the last tick, for bills, prices and what a person typed: "$1.49270012", "$5.00"."""
    if ticks is None:
        return "—"
    if not ticks:
        return "$0"
    whole, part = divmod(ticks, TICKS_PER_DOLLAR)
    return f"${whole:,}.{f'{part:010d}'.rstrip('0').ljust(2, '0')}"


def number(value: int | None) -> str:
    """Returns 7166 as 7,166."""
    return "—" if value is None else f"{value:,}"


def many(count: int, word: str) -> str:
    """Returns a count with its noun: 1 row, 7,166 rows."""
    return f"{count:,} {word}{'s' if count != 1 else ''}"


def compact(value: int | None) -> str:
    """Returns 1460000 as 1.46 M, for sums that only need three digits."""
    if value is None:
        return "—"
    for least, unit, word in ((1_000_000_000, 1_000_000_000, "G"), (1_000_000, 1_000_000, "M"), (10_000, 1000, "k")):
        if value >= least:
            return f"{value / unit:.3g} {word}"
    return number(value)


def size(value: int | None) -> str:
    """Returns bytes as 335 MB."""
    if value is None:
        return "—"
    amount = float(value)
    for word in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or word == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {word}" if amount >= 10 or word == "bytes" else f"{amount:.1f} {word}"


def percent(part: int, whole: int) -> str:
    """Returns how much of `whole` is done, rounded down: 100 % only if nothing is left."""
    if not whole or part <= 0:
        return "0 %"
    return f"{100 * part // whole} %" if 100 * part >= whole else "< 1 %"


def share(part: float | None) -> str:
    """Returns 0.913 as 91.3 %; never rounds up to 100 %."""
    if part is None:
        return "—"
    return "100 %" if part == 1 else f"{min(100 * part, 99.9):.1f} %"


def duration(value: timedelta | float | None) -> str:
    """Returns a duration as 45 s, 12 min, 3 h 20 min or 2 d 4 h. A plain number is seconds."""
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
