"""Numbers and dates of a spreadsheet as Excel shows them: number formats in the grammar of ECMA-376, 18.8.31. Pure.

    show = number_format("#,##0.00;[Red](#,##0.00)")
    show("-1234.5")                                   # Shown("(1,234.50)", None)

Padding for alignment is left out, and "General" gives all 15 digits that Excel keeps, also where a narrow cell shows
`1.23E+11`. Whatever else is not as on the screen is a `Departure`. A format with something in it that is not
understood gives an ISO date or the plain number, never its letters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from batchsite.workbooks.number_formats.dates import iso_moment, moment_of, show_moment
from batchsite.workbooks.number_formats.digits import general, show_digits
from batchsite.workbooks.number_formats.sections import Section, Token, literal, sections_of

_WHOLE = re.compile(r"[+-]?(?:\d{16,}(?:\.0*)?|\d\.\d{15,}[Ee]\+?(?:1[5-9]|20))")
_MOST_DIGITS = 400
"""Excel has no numbers beyond these."""


class Departure(Enum):
    """How our text of a number differs from what Excel shows."""

    ISO = "iso"
    """A date as 2024-12-31, because the format depends on the country or on another calendar."""
    PLAIN = "plain"
    """The number without its format, which is not understood or cannot show it."""
    DIGITS = "digits"
    """Every digit that stands in the file; Excel keeps 15."""
    HIDDEN = "hidden"
    """Without the number, which the format does not show: not otherwise than on the screen, but worth a word."""


class Shown(NamedTuple):
    """The text of a number, and how it departs from what Excel shows."""

    text: str
    departure: Departure | None = None


Show = Callable[[str], Shown]
"""The text of a number (as it stands in the file) -> what Excel shows."""


@lru_cache(maxsize=2000)
def number_format(code: str, *, since_1904: bool = False) -> Show:
    """What shows numbers in that format."""
    simple = not code or code.lower() == "general"
    sections = [] if simple else sections_of(code)[:3]

    def show(text: str) -> Shown:
        try:
            value = float(text)
        except ValueError:
            return Shown(text)
        if not math.isfinite(value):
            return Shown(text, Departure.PLAIN)
        number = Decimal(f"{value:.15g}")
        exact = _every_digit(text, number)
        if simple:
            return Shown(general(number)) if exact is None else Shown(format(exact, "f"), Departure.DIGITS)
        section, own_sign = _choose(sections, number)
        if section.is_date:
            return _show_date(section, value, number, since_1904=since_1904)
        shown = _show_number(section, number if exact is None else exact, own_sign=own_sign)
        return Shown(shown.text, shown.departure or Departure.DIGITS) if exact is not None else shown

    return show


@lru_cache(maxsize=2000)
def text_format(code: str) -> Callable[[str], str] | None:
    """What shows texts in that format. None where it does nothing with them."""
    section = sections_of(code)[:4][-1]
    tokens = section.tokens
    if not section.understood or tokens == [Token("mark", "@")] or Token("mark", "@") not in tokens:
        return None
    if section.kinds & {"digit", "date"}:
        return None
    return lambda text: "".join(text if token.text == "@" else literal(token) for token in tokens).strip()


def _every_digit(text: str, number: Decimal) -> Decimal | None:
    """A whole number of more than 15 digits as it stands in the file. None where 15 digits hold it."""
    if len(text) < 16 or len(text) > _MOST_DIGITS or not _WHOLE.fullmatch(text.strip()):
        return None
    exact = Decimal(text.strip())
    return None if exact == number or exact != exact.to_integral_value() else exact.to_integral_value()


def _choose(sections: list[Section], number: Decimal) -> tuple[Section, bool]:
    """(the section for a number, whether it says by itself that the number is negative)."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _holds(section.condition, number):
                return section, section.condition is not None and _is_negative(section.condition)
        return Section([Token("general", "General")]), False
    if number < 0 and len(sections) > 1:
        return sections[1], True
    if number == 0 and len(sections) > 2:
        return sections[2], True
    return sections[0], False


def _holds(condition: tuple[str, Decimal], number: Decimal) -> bool:
    sign, than = condition
    return {
        "<": number < than,
        "<=": number <= than,
        ">": number > than,
        ">=": number >= than,
        "=": number == than,
        "<>": number != than,
    }[sign]


def _is_negative(condition: tuple[str, Decimal]) -> bool:
    """Whether only negative numbers fulfil a condition."""
    sign, than = condition
    return than <= 0 if sign == "<" else sign in {"<=", "="} and than < 0


def _show_date(section: Section, days: float, number: Decimal, *, since_1904: bool) -> Shown:
    moment = moment_of(days, section.tokens, since_1904=since_1904)
    if moment is None:
        return Shown(general(number), Departure.PLAIN)
    if section.understood:
        return Shown(show_moment(section.tokens, moment).strip())
    if any(token.text.startswith("[") for token in section.tokens if token.kind == "date"):  # no date: a duration
        return Shown(general(number), Departure.PLAIN)
    return Shown(iso_moment(section.date_letters, moment), Departure.ISO)


def _show_number(section: Section, number: Decimal, *, own_sign: bool) -> Shown:
    tokens = section.tokens
    if not section.understood:
        return Shown(general(number), Departure.PLAIN)
    if "digit" not in section.kinds and any(map(_stands_for_all, tokens)):
        shown = number.copy_abs() if own_sign else number
        return Shown("".join(general(shown) if _stands_for_all(token) else literal(token) for token in tokens))
    minus = "-" if number < 0 and not own_sign and not _rounds_to_zero(section, number) else ""
    digits = show_digits(tokens, number.copy_abs()).strip()
    hidden = not digits or (number != 0 and "digit" not in section.kinds)
    return Shown((minus if digits else "") + digits, Departure.HIDDEN if hidden else None)


def _rounds_to_zero(section: Section, number: Decimal) -> bool:
    """Whether no digit is left of a number: nothing is negative then. A fraction keeps its sign."""
    if Token("mark", "/") in section.tokens or "digit" not in section.kinds:
        return False
    digits = [token for token in section.tokens if token.kind in {"digit", "mark", "exponent"}]
    return not any(sign in "123456789" for sign in show_digits(digits, number.copy_abs()).partition("E")[0])


def _stands_for_all(token: Token) -> bool:
    return token.kind == "general" or token == Token("mark", "@")
