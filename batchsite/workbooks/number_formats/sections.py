"""A number format taken apart: its sections, and the tokens of each, in the grammar of ECMA-376, 18.8.31. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

HALF_DAY = re.compile(r"am/pm|a/p|上午/下午|午前/午後|오전/오후", re.IGNORECASE)
_DATE = rf"(?P<date>{HALF_DAY.pattern}|y+|m+|d+|h+|s+(?:\.0+)?|(?<=\])\.0+)"
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|G/(?:通用格式|標準|标准|표준))|(?P<exponent>[Ee][+-](?=[0#?]))"
    rf"|{_DATE}|(?P<digit>[0#?])|(?P<mark>[.,%/@])|(?P<unknown>[A-Za-z]|(?P<letter>[^\W\d_])(?P=letter)+)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d++(?:\.\d*+)?|-?\.\d++)\s*$")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color\s*\d+", re.IGNORECASE)
_DATE_LETTERS = re.compile(
    r"(?:[ymdhs]++|g++|e++|a{3,4}(?!a)|a{6,}+|b++|r++|n{2,}+)++",
    re.IGNORECASE,  # in one way only, or it takes for ever
)
"""A word that asks for a part of a date, those of other calendars included: g, e, b and r, and weekdays: aaa, nnn."""
_LONGEST_CODE = 1000
"""Characters; Excel itself stops at 255."""
_SYSTEM = {0xF800, 0xF400}
"""Language codes that mean "as this computer shows dates" and "as it shows times"."""


@dataclass(frozen=True)
class Token:
    """A part of a number format: its kind (a group of the pattern above) and its text."""

    kind: str
    text: str


@dataclass
class Section:
    """What stands between two semicolons."""

    tokens: list[Token]
    condition: tuple[str, Decimal] | None = None
    english: bool = True
    """Whether names of months and days are asked for in English, or in no language."""
    western: bool = True
    """Whether digits and calendar are those of the West."""

    @cached_property
    def kinds(self) -> set[str]:
        return {token.kind for token in self.tokens}

    @cached_property
    def is_date(self) -> bool:
        """Whether dates or times are shown. Letters that are no date, such as `USD`, make none of a number."""
        if "unknown" not in self.kinds and "digit" not in self.kinds:
            return "date" in self.kinds
        return len(self._date_words()) > (1 if "digit" in self.kinds else 0)

    @property
    def date_letters(self) -> set[str]:
        """The letters that ask for a part of a date or time."""
        return set("".join(self._date_words()))

    @cached_property
    def understood(self) -> bool:
        """Whether all that the section asks for can be shown as Excel shows it."""
        if "unknown" in self.kinds or not self.western:
            return False
        if self.is_date:
            return "digit" not in self.kinds and (self.english or not any(map(_is_named, self.tokens)))
        if self.kinds & {"digit", "general"} or Token("mark", "@") in self.tokens:
            return "date" not in self.kinds
        return not any(token.kind == "plain" and token.text.isalpha() for token in self.tokens)

    def _date_words(self) -> list[str]:
        return [word for word in self._words() if _DATE_LETTERS.fullmatch(word)]

    def _words(self) -> Iterator[str]:
        """Letters that stand side by side, outside of quotes."""
        word = ""
        for token in self.tokens:
            text = token.text.partition(".")[0].lower()
            if token.kind in {"date", "unknown"} and text.isalpha():
                word += text
                continue
            if word:
                yield word
            word = ""
        if word:
            yield word


def sections_of(code: str) -> list[Section]:
    """The sections of a format; a longer one than any program writes is one that is not understood."""
    if len(code) > _LONGEST_CODE:
        return [Section([Token("unknown", "?")])]
    return [_section(text) for text in split(code)]


def split(code: str) -> list[str]:
    """The texts of the sections."""
    parts, last = [], 0
    for match in _TOKEN.finditer(code):
        if match.lastgroup == "plain" and match.group() == ";":
            parts.append(code[last : match.start()])
            last = match.end()
    return [*parts, code[last:]]


def literal(token: Token) -> str:
    """What a token shows by itself."""
    return token.text if token.kind in {"quoted", "escaped", "plain"} else ""


def _section(text: str) -> Section:
    section = Section([])
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "plain"
        token = Token(kind, match.group(kind))
        if kind == "bracket":
            _take_bracket(section, token.text)
        elif kind == "space":
            section.tokens.append(Token("quoted", " "))
        elif kind != "fill":
            section.tokens.append(token)
    if not section.tokens and text.startswith("["):  # a colour alone: what Excel shows is not known
        section.tokens.append(Token("unknown", text))
    return section


def _take_bracket(section: Section, text: str) -> None:
    """A condition, a currency with its language, elapsed time, or a colour, which shows nothing."""
    if condition := _CONDITION.match(text):
        section.condition = (condition[1], Decimal(condition[2]))
    elif text.startswith("$"):
        symbol, _, language = text[1:].partition("-")
        section.tokens.append(Token("quoted", symbol))
        _take_language(section, language)
    elif _ELAPSED.fullmatch(text):
        section.tokens.append(Token("date", f"[{text.lower()}]"))
    elif not _COLOUR.fullmatch(text.strip()):
        section.tokens.append(Token("unknown", f"[{text}]"))


def _take_language(section: Section, language: str) -> None:
    """`409`, `1070000` (digits, calendar, language; two hexadecimal digits each, four for the last) or `en-US`."""
    name, _, number = language.rpartition(",")
    name = name or language
    if name.lower().startswith("x-sys"):
        section.western = False
        return
    try:
        code = int(number or name, 16)
    except ValueError:
        section.english = name.lower().split("-")[0] in {"", "en"}
        return
    digits, calendar, language_code = code >> 24, code >> 16 & 0xFF, code & 0xFFFF
    section.western = digits <= 1 and calendar <= 2 and language_code not in _SYSTEM
    section.english = not language_code or language_code & 0x3FF == 0x09


def _is_named(token: Token) -> bool:
    """Whether a token shows a word that every language has its own of."""
    return token.kind == "date" and (
        (token.text[0] in "mMdD" and len(token.text) > 2) or token.text.lower() in {"am/pm", "a/p"}
    )
