"""Dates and times of a spreadsheet: days since 1900 or 1904, shown by the tokens of a number format. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from batchsite.workbooks.number_formats.sections import HALF_DAY, Token

_DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_END = 2_958_466
"""The day after 9999-12-31, the last that Excel has, counted from 1900."""
_FROM_1900_TO_1904 = 1462
_DAY = 86_400
_MOST_DECIMALS = 6
_SECOND_DECIMALS = re.compile(r"\.(0+)")


class Moment(NamedTuple):
    """A date as Excel has it, day 0 (1900-01-00) and 1900-02-29 included, and a time of day."""

    year: int
    month: int
    day: int
    weekday: int
    """0 is Sunday."""
    hour: int
    minute: int
    second: int
    microsecond: int
    elapsed: int
    """Seconds since day 0."""


def moment_of(days: float, tokens: Sequence[Token], *, since_1904: bool) -> Moment | None:
    """The moment `days` after day 0, rounded to what the tokens show of a second. None where Excel has no date.

    A day that ends within less is the next one only where a time is shown beside it.
    """
    end = _END - _FROM_1900_TO_1904 if since_1904 else _END
    if not 0 <= days < end:
        return None
    decimals = [len(match[1]) for token in tokens if token.kind == "date" and (match := _decimals_in(token))]
    unit = Decimal(1).scaleb(-min(max(decimals, default=0), _MOST_DECIMALS))
    exact = Decimal(repr(days)) * _DAY
    seconds = exact.quantize(unit, rounding=ROUND_HALF_UP)
    timed = any(
        token.kind == "date" and (token.text[0] in "hHsS[" or HALF_DAY.fullmatch(token.text)) for token in tokens
    )
    if seconds >= end * _DAY or not timed:
        seconds = exact.quantize(unit, rounding=ROUND_DOWN)
    whole = int(seconds)
    day, rest = divmod(whole, _DAY)
    microsecond = int((seconds - whole) * 1_000_000)
    return Moment(*_date_of(day, since_1904), rest // 3600, rest // 60 % 60, rest % 60, microsecond, whole)


def _decimals_in(token: Token) -> re.Match[str] | None:
    return _SECOND_DECIMALS.search(token.text)


def _date_of(day: int, since_1904: bool) -> tuple[int, int, int, int]:
    """(year, month, day, weekday) as Excel counts: 1900 begins with a day 0 and has a 29 February."""
    if since_1904:
        when, weekday = date(1904, 1, 1) + timedelta(day), (day + _FROM_1900_TO_1904 - 1) % 7
        return when.year, when.month, when.day, weekday
    weekday = (day - 1) % 7
    if day == 0:
        return 1900, 1, 0, weekday
    if day == 60:
        return 1900, 2, 29, weekday
    when = date(1899, 12, 31 if day < 60 else 30) + timedelta(day)
    return when.year, when.month, when.day, weekday


def show_moment(tokens: Sequence[Token], moment: Moment) -> str:
    """The moment as the tokens say."""
    twelve_hours = any(token.kind == "date" and HALF_DAY.fullmatch(token.text) for token in tokens)
    parts = []
    for at, token in enumerate(tokens):
        text = token.text
        if token.kind == "date":
            minute = text[0] in "mM" and len(text) <= 2 and _is_minute(tokens, at)
            text = f"{moment.minute:0{len(text)}d}" if minute else _part(text, moment, twelve_hours=twelve_hours)
        parts.append(text)
    return "".join(parts)


def iso_moment(letters: set[str], moment: Moment) -> str:
    """The moment in ISO 8601: the date, the time or both, by the letters of the format that ask for them."""
    parts = []
    timed = letters & {"h", "s"}
    if letters & set("ydgeabr") or not timed or moment.elapsed >= _DAY:
        parts.append(f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}")
    if timed:
        seconds = f":{moment.second:02d}" if "s" in letters else ""
        parts.append(f"{moment.hour:02d}:{moment.minute:02d}{seconds}")
    return " ".join(parts)


def _is_minute(tokens: Sequence[Token], at: int) -> bool:
    """Whether an `m` means minutes: it does behind hours, and before seconds."""
    before = [token.text for token in tokens[:at] if _is_clock_or_date(token)]
    behind = [token.text for token in tokens[at + 1 :] if _is_clock_or_date(token)]
    hours = bool(before) and before[-1].lower().strip("[")[:1] == "h"
    return hours or (bool(behind) and behind[0].lower().strip("[")[:1] == "s")


def _is_clock_or_date(token: Token) -> bool:
    return token.kind == "date" and not HALF_DAY.fullmatch(token.text)


def _part(text: str, moment: Moment, *, twelve_hours: bool) -> str:
    """What one token shows."""
    letter = text[0].lower()
    if letter == "[":
        divisor = {"h": 3600, "m": 60, "s": 1}[text[1].lower()]
        return str(moment.elapsed // divisor).zfill(len(text) - 2)
    if letter == ".":
        return _decimals(moment, len(text) - 1)
    if HALF_DAY.fullmatch(text):
        morning, evening = text.split("/")
        half = evening if moment.hour >= 12 else morning
        return half.upper() if len(half) == 2 else half
    if letter in "ymd":
        return _date_part(letter, len(text), moment)
    if letter == "s":
        whole, _, rest = text.partition(".")
        return f"{moment.second:0{min(len(whole), 2)}d}" + (_decimals(moment, len(rest)) if rest else "")
    hour = (moment.hour % 12 or 12) if twelve_hours else moment.hour
    return f"{hour:0{min(len(text), 2)}d}"


def _date_part(letter: str, length: int, moment: Moment) -> str:
    if letter == "y":
        return f"{moment.year:04d}" if length > 2 else f"{moment.year % 100:02d}"
    if length <= 2:
        return f"{moment.month if letter == 'm' else moment.day:0{length}d}"
    name = _MONTHS[moment.month - 1] if letter == "m" else _DAY_NAMES[moment.weekday]
    if length == 3:
        return name[:3]
    return name[:1] if letter == "m" and length == 5 else name


def _decimals(moment: Moment, places: int) -> str:
    return "." + f"{moment.microsecond:06d}".ljust(places, "0")[:places]
