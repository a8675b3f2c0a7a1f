"""Dates and times of a spreadsheet: days since 1900 or 1904, shown by the tokens of a number format. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

DATE_TOKEN = r"(?P<date>AM/PM|A/P|上午/下午|y+|m+|d+|h+|s+(?:\.0+)?|(?<=\])\.0+)"
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MOST_DAYS = 2_957_000
"""Excel ends with the year 9999; so do we, nearly, whatever day it counts from."""
_HALF = re.compile(r"am/pm|a/p|上午/下午")


class _Token(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def text(self) -> str: ...


class Moment:
    """A number of days: whole ones are a date, the rest a time of day."""

    def __init__(self, days: float, *, since_1904: bool) -> None:
        self.days, self.since_1904 = days, since_1904

    def at(self, decimals: int) -> tuple[datetime | None, int]:
        """(the date and time, rounded to so many decimals of a second; seconds since day 0). None for no date."""
        if not 0 <= self.days < _MOST_DAYS:
            return None, 0
        unit = Decimal(1).scaleb(-decimals)
        seconds = (Decimal(repr(self.days)) * 86_400).quantize(unit, rounding=ROUND_HALF_UP)
        day = int(seconds // 86_400)
        begin = datetime(1904, 1, 1) if self.since_1904 else datetime(1899, 12, 30 if day > 59 else 31)  # noqa: DTZ001
        # 1900 has a 29 February for Excel: day 60, of which there is no date
        return begin + timedelta(microseconds=int(seconds * 1_000_000)), int(seconds)


def show_moment(tokens: Sequence[_Token], moment: Moment) -> str | None:
    """The moment as the tokens say; None where it is none that Excel could show."""
    dates = [token.text.lower() for token in tokens if token.kind == "date"]
    decimals = max((len(text.split(".")[1]) for text in dates if "." in text), default=0)
    when, seconds = moment.at(min(decimals, 6))
    if when is None:
        return None
    if 60 <= moment.days < 61 and not moment.since_1904 and any(text[0] in "yd" for text in dates):
        when = None
    half = any(_HALF.fullmatch(text) for text in dates)
    parts = []
    for at, token in enumerate(tokens):
        if token.kind != "date":
            parts.append(token.text if token.kind != "general" else "")
            continue
        text = token.text.lower()
        if text.startswith("m") and _is_minute(tokens, at):
            text = text.replace("m", "n")
        parts.append(_part(text, when, seconds, half=half))
    return "".join(parts)


def _is_minute(tokens: Sequence[_Token], at: int) -> bool:
    """Whether an `m` means minutes: behind hours, or before seconds."""
    dates = [(place, token.text.lower().strip("[")) for place, token in enumerate(tokens) if token.kind == "date"]
    place = next(number for number, (where, _) in enumerate(dates) if where == at)
    if len(dates[place][1]) > 2:
        return False
    before = dates[place - 1][1][:1] if place else ""
    behind = dates[place + 1][1][:1] if place + 1 < len(dates) else ""
    return before == "h" or behind == "s"


def _part(text: str, when: datetime | None, seconds: int, *, half: bool) -> str:
    if text.startswith("["):
        divisor = {"h": 3600, "m": 60, "s": 1}[text[1]]
        return str(seconds // divisor).zfill(len(text) - 2)
    if text.startswith("."):
        return _decimals(when, len(text) - 1)
    if when is None:  # 29 February 1900, which Excel alone has
        when = datetime(1904, 2, 29) + timedelta(seconds=seconds % 86_400)  # noqa: DTZ001
        return {"y": "00", "yy": "00", "yyy": "1900", "yyyy": "1900"}.get(text) or _part(text, when, seconds, half=half)
    if text[0] in "ymd":
        return _date_part(text, when)
    if _HALF.fullmatch(text):
        morning, evening = ("A", "P") if text == "a/p" else ("AM", "PM")
        return evening if when.hour >= 12 else morning
    if text[0] == "s":
        whole, _, rest = text.partition(".")
        return str(when.second).zfill(min(len(whole), 2)) + (_decimals(when, len(rest)) if rest else "")
    number = when.minute if text[0] == "n" else (when.hour % 12 or 12) if half else when.hour
    return str(number).zfill(min(len(text), 2))


def _date_part(text: str, when: datetime) -> str:
    length = len(text)
    if text[0] == "y":
        return f"{when.year:04d}" if length > 2 else f"{when.year % 100:02d}"
    number, names = (when.month, _MONTHS) if text[0] == "m" else (when.day, _DAY_NAMES)
    if length <= 2:
        return str(number).zfill(length)
    name = names[when.month - 1] if text[0] == "m" else names[when.weekday()]
    return name[:3] if length == 3 else name[:1] if text[0] == "m" and length == 5 else name


def _decimals(when: datetime | None, places: int) -> str:
    digits = f"{when.microsecond if when else 0:06d}".ljust(places, "0")
    return "." + digits[:places]
