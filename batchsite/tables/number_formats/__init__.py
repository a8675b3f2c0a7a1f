"""Numbers and dates of a spreadsheet as Excel shows them: number formats in the grammar of ECMA-376, 18.8.31. Pure.

    show = number_format("#,##0.00;[Red](#,##0.00)")
    show("-1234.5")                                   # "(1,234.50)"

Three things are shown otherwise than on screen, so that nothing is lost or ambiguous: "General" gives all 15 digits
that Excel keeps, never `1.23E+11` for want of room; what differs by the reader's country is written as ISO 8601;
padding for alignment is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from batchsite.tables.number_formats.dates import DATE_TOKEN, Moment, show_moment

Show = Callable[[str], str]
"""The text of a number (as it stands in the file) -> what Excel shows."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    rf"|(?P<general>General)|(?P<exponent>[Ee][+-])|{DATE_TOKEN}|(?P<digit>[0#?])|(?P<mark>[.,%/@])|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)$")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
"""Hours, minutes or seconds beyond a day; every other word in brackets is a colour or the like, and shows nothing."""
_EXACT = Context(prec=1000, rounding=ROUND_HALF_UP)
_MOST_DENOMINATOR = 9999


@dataclass(frozen=True)
class Token:
    """A part of a number format: its kind (a group of the pattern above) and its text."""

    kind: str
    text: str


@dataclass
class _Section:
    """What stands between two semicolons."""

    tokens: list[Token]
    condition: tuple[str, Decimal] | None = None

    @property
    def kinds(self) -> set[str]:
        return {token.kind for token in self.tokens}


@lru_cache(maxsize=2000)
def number_format(code: str, *, since_1904: bool = False) -> Show:
    """What shows numbers in that format."""
    sections = [_section(text) for text in _split(code)[:3]]
    simple = not code or code.lower() == "general"

    def show(text: str) -> str:
        try:
            number = Decimal(f"{float(text):.15g}")
        except (ValueError, OverflowError, InvalidOperation):
            return text
        if simple or not number.is_finite():
            return general(number)
        section, alone = _choose(sections, number)
        if "date" in section.kinds:
            shown = show_moment(section.tokens, Moment(float(text), since_1904=since_1904))
            return general(number) if shown is None else shown.strip()
        if not section.kinds & {"digit", "date"} and any(_stands_for_all(one) for one in section.tokens):
            return "".join(general(number) if _stands_for_all(one) else one.text for one in section.tokens)
        minus = "-" if number < 0 and not alone else ""
        return (minus + _show_number(section.tokens, abs(number))).strip()

    return show


@lru_cache(maxsize=2000)
def text_format(code: str) -> Callable[[str], str] | None:
    """What shows texts in that format, where it does anything with them."""
    sections = _split(code)
    last = sections[3] if len(sections) > 3 else sections[-1]
    if "@" not in last or last == "@":
        return None
    tokens = _section(last).tokens
    if any(token.kind in {"digit", "date"} for token in tokens):
        return None
    return lambda text: "".join(text if token.text == "@" else _literal(token) for token in tokens).strip()


def general(number: Decimal) -> str:
    """All digits of a number; with an exponent only where there would be noughts without end."""
    if not number:
        return "0"
    if number.is_finite() and -10 < number.adjusted() < 21:
        text = format(number, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, exponent = f"{number.normalize(_EXACT):E}".split("E") if number.is_finite() else (str(number), "")
    return f"{digits}E{int(exponent):+03d}" if exponent else digits


def _split(code: str) -> list[str]:
    """The sections of a format."""
    parts, last = [], 0
    for found in _TOKEN.finditer(code):
        if found.lastgroup == "plain" and found.group() == ";":
            parts.append(code[last : found.start()])
            last = found.end()
    return [*parts, code[last:]]


def _section(text: str) -> _Section:
    section = _Section([])
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "plain"
        token = Token(kind, found.group(kind))
        if kind == "bracket":
            condition = _CONDITION.match(token.text)
            if condition:
                section.condition = (condition[1], Decimal(condition[2]))
            elif token.text.startswith("$"):
                section.tokens.append(Token("quoted", token.text[1:].split("-")[0]))
            elif _ELAPSED.fullmatch(token.text):
                section.tokens.append(Token("date", f"[{token.text.lower()}]"))
        elif kind == "space":
            section.tokens.append(Token("quoted", " "))
        elif kind != "fill":
            section.tokens.append(token)
    return section


def _choose(sections: list[_Section], number: Decimal) -> tuple[_Section, bool]:
    """(the section for a number, whether it says by itself that the number is negative)."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _holds(section.condition, number):
                return section, section.condition is not None and section.condition[0] in {"<", "<="}
        return _Section([Token("general", "General")]), True
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


def _stands_for_all(token: Token) -> bool:
    return token.kind == "general" or token == Token("mark", "@")


def _literal(token: Token) -> str:
    return token.text if token.kind in {"quoted", "escaped", "plain"} else ""


def _show_number(tokens: list[Token], number: Decimal) -> str:
    if not any(token.kind in {"digit", "general"} for token in tokens):
        return "".join(_literal(token) or token.text.replace("@", "") for token in tokens if token.kind != "date")
    percents = sum(1 for token in tokens if token.text == "%" and token.kind == "mark")
    number = number.scaleb(2 * percents, _EXACT)
    slash = next((at for at, token in enumerate(tokens) if token == Token("mark", "/")), None)
    if slash is not None:
        return _fraction(tokens, slash, number)
    exponent = next((at for at, token in enumerate(tokens) if token.kind == "exponent"), None)
    if exponent is not None:
        return _scientific(tokens, exponent, number)
    return _fixed(tokens, number)


def _fixed(tokens: list[Token], number: Decimal) -> str:
    """Digits at their places, with whatever stands between them."""
    point = next((at for at, token in enumerate(tokens) if token == Token("mark", ".")), len(tokens))
    digits = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    before, after = [at for at in digits if at < point], [at for at in digits if at > point]
    commas = [at for at, token in enumerate(tokens) if token == Token("mark", ",")]
    grouped = any(before and before[0] < at < before[-1] for at in commas)
    last = max(digits, default=-1)
    behind = [at for at in commas if at > (before[-1] if before else -1) and (at < point or at > last)]
    scaled = number.scaleb(-3 * len(behind), _EXACT)
    rounded = scaled.quantize(Decimal(1).scaleb(-len(after)), context=_EXACT)
    whole, _, decimals = format(rounded, "f").partition(".")
    shown = {**_whole(tokens, before, whole, grouped=grouped), **_decimals(tokens, after, decimals)}
    parts = []
    for at, token in enumerate(tokens):
        if at in shown:
            parts.append(shown[at])
        elif token.kind == "mark":
            parts.append("" if token.text in ",@" else token.text)
        else:
            parts.append(_literal(token))
    return "".join(parts)


def _whole(tokens: list[Token], places: list[int], digits: str, *, grouped: bool) -> dict[int, str]:
    """Place -> its digits, from the right; the first place takes all that are left."""
    digits = "" if digits == "0" else digits
    shown: dict[int, str] = {}
    done = 0
    for at in reversed(places):
        some = digits if at == places[0] else digits[-1:]
        digits = "" if at == places[0] else digits[:-1]
        some = some or {"0": "0", "?": " "}.get(tokens[at].text, "")
        if grouped and some.strip():
            text = ""
            for digit in reversed(some):
                text = digit + ("," if done and done % 3 == 0 else "") + text
                done += 1
            some = text
        shown[at] = some
    return shown


def _decimals(tokens: list[Token], places: list[int], digits: str) -> dict[int, str]:
    shown = {}
    wanted = False
    for at, digit in reversed(list(zip(places, digits, strict=True))):
        wanted = wanted or digit != "0" or tokens[at].text == "0"
        shown[at] = digit if wanted else {"?": " "}.get(tokens[at].text, "")
    return shown


def _scientific(tokens: list[Token], at: int, number: Decimal) -> str:
    mantissa, power = tokens[:at], [token for token in tokens[at + 1 :] if token.kind == "digit"]
    rest = [token for token in tokens[at + 1 :] if token.kind != "digit"]
    point = next((i for i, token in enumerate(mantissa) if token == Token("mark", ".")), len(mantissa))
    step = max(1, sum(1 for token in mantissa[:point] if token.kind == "digit"))
    decimals = sum(1 for token in mantissa[point:] if token.kind == "digit")
    exponent = 0
    if number:
        exponent = number.adjusted() // step * step
        rounded = number.scaleb(-exponent, _EXACT).quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
        if rounded >= 10**step:
            exponent += step
    text = _fixed(mantissa, number.scaleb(-exponent, _EXACT))
    sign = "-" if exponent < 0 else "+" if tokens[at].text.endswith("+") else ""
    return f"{text}E{sign}{abs(exponent):0{max(1, len(power))}d}{''.join(map(_literal, rest))}"


def _fraction(tokens: list[Token], slash: int, number: Decimal) -> str:
    """`1 1/2`; the denominator as given, or of as many digits as there are places."""
    behind = "".join(token.text for token in tokens[slash + 1 :] if token.kind in {"digit", "plain"}).strip()
    places = [token for token in tokens[:slash] if token.kind == "digit"]
    gap = any(token.text == " " for token in tokens[:slash])
    whole = int(number) if gap and len(places) > 1 else 0
    part = Fraction(number - whole)
    if behind.isdigit() and int(behind):
        top, bottom = round(part * int(behind)), int(behind)
    else:
        near = part.limit_denominator(min(10 ** max(1, len(behind)) - 1, _MOST_DENOMINATOR))
        top, bottom = near.numerator, near.denominator
    if gap and top == bottom:
        whole, top = whole + 1, 0
    if gap and not top:
        return str(whole)
    return f"{whole} {top}/{bottom}" if whole else f"{top}/{bottom}"
