"""Dates that an Excel file holds as ISO 8601 instead of as numbers (cells of type d; ECMA-376, 18.18.11). Pure."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

_TIME = r"(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?Z?"
_MOMENT = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)(?:Z|[T ]{_TIME})?")
_CLOCK = re.compile(f"T?{_TIME}")
_DURATION = re.compile(r"PT(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?")
_DAY = 86_400
_ZERO, _ZERO_OF_1904 = date(1899, 12, 30).toordinal(), date(1904, 1, 1).toordinal()
_BEFORE_MARCH = 61
"""Excel has a 29 February 1900 that never was."""


def serial_number(text: str, *, since_1904: bool) -> str | None:
    """The number that stands for a date, a time, both, or a duration. None where Excel has none for it."""
    text = text.strip()
    clock = _CLOCK.fullmatch(text) or _DURATION.fullmatch(text)
    if clock is not None:
        return _written(0, *clock.groups()) if any(clock.groups()) else None
    moment = _MOMENT.fullmatch(text)
    if moment is None:
        return None
    year, month, day, *parts = moment.groups()
    try:
        ordinal = date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None
    days = ordinal - (_ZERO_OF_1904 if since_1904 else _ZERO)
    if not since_1904 and days < _BEFORE_MARCH:
        days -= 1
    return None if days < 0 else _written(days, *parts)


def _written(days: int, hours: str | None, minutes: str | None, seconds: str | None) -> str:
    rest = 3600 * int(hours or 0) + 60 * int(minutes or 0) + Decimal(seconds or 0)
    return repr(float(days + rest / _DAY)) if rest else str(days)
