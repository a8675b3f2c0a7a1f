"""The digits of a number at the places that a section of a number format has for them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from batchsite.workbooks.number_formats.sections import Token, literal

_EXACT = Context(prec=1000, rounding=ROUND_HALF_UP)
_MOST_DENOMINATOR = 9999
_DECIMAL_POINT, _SLASH, _COMMA = Token("mark", "."), Token("mark", "/"), Token("mark", ",")


def general(number: Decimal) -> str:
    """All digits of a number; with an exponent where it would take more than 20 zeros to write it without."""
    if not number:
        return "0"
    if number.is_finite() and -10 < number.adjusted() < 21:
        text = format(number, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, exponent = f"{number.normalize(_EXACT):E}".split("E") if number.is_finite() else (str(number), "")
    return f"{digits}E{int(exponent):+03d}" if exponent else digits


def show_digits(tokens: Sequence[Token], number: Decimal) -> str:
    """A number from 0 as the tokens of a section say; only what stands beside the digits where it has no place."""
    if not any(token.kind in {"digit", "general"} for token in tokens):
        return "".join(literal(token) or token.text.replace("@", "") for token in tokens if token.kind != "date")
    percents = sum(1 for token in tokens if token.text == "%" and token.kind == "mark")
    number = number.scaleb(2 * percents, _EXACT)
    if _SLASH in tokens:
        return _fraction(tokens, tokens.index(_SLASH), number)
    exponent = next((at for at, token in enumerate(tokens) if token.kind == "exponent"), None)
    if exponent is not None:
        return _scientific(tokens, exponent, number)
    return _fixed(tokens, number)


def _fixed(tokens: Sequence[Token], number: Decimal) -> str:
    """Digits at their places, with whatever stands between them."""
    point = next((at for at, token in enumerate(tokens) if token == _DECIMAL_POINT), len(tokens))
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    before, after = [at for at in places if at < point], [at for at in places if at > point]
    commas = [at for at, token in enumerate(tokens) if token == _COMMA]
    grouped = any(before and before[0] < at < before[-1] for at in commas)
    last = max(places, default=-1)
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
            parts.append(literal(token))
    return "".join(parts)


def _whole(tokens: Sequence[Token], places: list[int], digits: str, *, grouped: bool) -> dict[int, str]:
    """Place -> its digits, from the right; the first place takes all that are left."""
    digits = "" if digits == "0" else digits
    shown: dict[int, str] = {}
    done = 0
    for at in reversed(places):
        taken = digits if at == places[0] else digits[-1:]
        digits = "" if at == places[0] else digits[:-1]
        taken = taken or {"0": "0", "?": " "}.get(tokens[at].text, "")
        if grouped and taken.strip():
            text = ""
            for digit in reversed(taken):
                text = digit + ("," if done and done % 3 == 0 else "") + text
                done += 1
            taken = text
        shown[at] = taken
    return shown


def _decimals(tokens: Sequence[Token], places: list[int], digits: str) -> dict[int, str]:
    """Place -> its digit; zeros at the end only where the format asks for them."""
    shown = {}
    wanted = False
    for at, digit in reversed(list(zip(places, digits, strict=True))):
        wanted = wanted or digit != "0" or tokens[at].text == "0"
        shown[at] = digit if wanted else {"?": " "}.get(tokens[at].text, "")
    return shown


def _scientific(tokens: Sequence[Token], at: int, number: Decimal) -> str:
    """`1.23E+04`; the exponent is a multiple of as many digits as stand before the point."""
    mantissa, power = tokens[:at], [token for token in tokens[at + 1 :] if token.kind == "digit"]
    behind = [token for token in tokens[at + 1 :] if token.kind != "digit"]
    point = next((i for i, token in enumerate(mantissa) if token == _DECIMAL_POINT), len(mantissa))
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
    return f"{text}E{sign}{abs(exponent):0{max(1, len(power))}d}{''.join(map(literal, behind))}"


def _fraction(tokens: Sequence[Token], slash: int, number: Decimal) -> str:
    """`1 1/2`; the denominator as given, or of as many digits as there are places."""
    start, end = slash, slash + 1
    while start and tokens[start - 1].kind == "digit":
        start -= 1
    while end < len(tokens) and (tokens[end].kind == "digit" or literal(tokens[end]).isdigit()):
        end += 1
    denominator = "".join(token.text for token in tokens[slash + 1 : end])
    lead = tokens[:start]
    mixed = any(token.kind == "digit" for token in lead)
    whole = int(number) if mixed else 0
    exact = denominator.isdigit() and int(denominator)  # which Excel holds against the number as a computer has it
    top, bottom = _nearest(Fraction(float(number) if exact else number) - whole, denominator)
    if mixed and top >= bottom:
        whole, top = whole + 1, 0
    before = _fixed(lead, Decimal(whole))
    if mixed and not (whole or top or "0" in before):
        before += "0"
    shown = "" if mixed and not top else f"{top}/{bottom}"
    return f"{before}{shown}{''.join(map(literal, tokens[end:]))}"


def _nearest(part: Fraction, denominator: str) -> tuple[int, int]:
    """(numerator, denominator) nearest to `part`; halves are rounded up, as Excel does."""
    if denominator.isdigit() and int(denominator):
        given = int(denominator)
        return (part * given * 2 + 1) // 2, given
    nearest = part.limit_denominator(min(10 ** max(1, len(denominator)) - 1, _MOST_DENOMINATOR))
    return nearest.numerator, nearest.denominator
