"""Prompts with `{{column}}` placeholders. Pure.

A template is split once into texts and column numbers, and rendered by joining: two million rows a second. A cell that
itself holds `{{…}}` is text, never a placeholder. `\\{{` stands for two literal braces.

Parsing takes time in proportion to the prompt, whatever it holds.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

MOST_UNKNOWN = 20
"""Unknown placeholders that are named; the rest are counted."""
MOST_SUGGESTIONS = 3
"""Unknown placeholders of a prompt for which a similar column is looked up."""
LONGEST_COMPARED = 100
"""Characters of a placeholder or column that are compared to find a similar one."""
MOST_REMEMBERED = 1_000
"""Misspelt names whose similar column is remembered for a table."""
LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Template:
    """A prompt that is ready to be rendered with rows of one table."""

    parts: tuple[str | int, ...]
    """Literal texts and indexes of columns, in order."""

    def render(self, cells: Sequence[str]) -> str:
        return "".join([part if isinstance(part, str) else cells[part] for part in self.parts])

    def beginning(self, cells: Sequence[str], most: int) -> str:
        """Returns the first `most` characters of the rendered text; the rest is not rendered."""
        texts, length = [], 0
        for part in self.parts:
            texts.append(part if isinstance(part, str) else cells[part][:most])
            length += len(texts[-1])
            if length >= most:
                break
        return "".join(texts)[:most]

    def length(self, cells: Sequence[str]) -> int:
        """Returns the characters that rendering gives, without rendering: a column may be used many times."""
        return sum([len(part) if isinstance(part, str) else len(cells[part]) for part in self.parts])

    def is_blank(self, cells: Sequence[str]) -> bool:
        """Returns whether rendering gives nothing but white space."""
        return not self.has_words and not any(cells[column].strip() for column in self.columns)

    @property
    def has_words(self) -> bool:
        """Whether it is never blank, whatever the cells hold."""
        return any(isinstance(part, str) and part.strip() for part in self.parts)

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns in use, each once, in order of appearance."""
        return tuple(dict.fromkeys(part for part in self.parts if isinstance(part, int)))


@dataclass(frozen=True)
class UnknownPlaceholder:
    """A placeholder that names no column."""

    name: str
    """As it was typed, at most LONGEST_SHOWN characters."""
    line: int
    """Line of the prompt, counted from 1."""
    suggestion: str | None
    """The column that was probably meant."""

    def __str__(self) -> str:
        hint = f" Did you mean {{{{{self.suggestion}}}}}?" if self.suggestion is not None else ""
        where = f" (line {self.line})" if self.line > 1 else ""
        return f"There is no column “{self.name}”{where}.{hint}"


class PromptError(ValueError):
    """The prompt names columns that the table does not have."""

    def __init__(self, unknown: Sequence[UnknownPlaceholder], count: int) -> None:
        self.unknown = unknown
        """The first of them, each name once."""
        self.count = count
        super().__init__(" ".join(self.sentences))

    @property
    def sentences(self) -> list[str]:
        more = self.count - len(self.unknown)
        return [*map(str, self.unknown), *([f"{more:,} more placeholders name no column."] if more else [])]


@dataclass(frozen=True)
class _Placeholder:
    """A placeholder or an escape in a prompt."""

    start: int
    end: int
    name: str | None
    """None for an escape."""


def parse(text: str, columns: Sequence[str]) -> Template:
    """Returns `text` as a template for a table with these columns. Raises PromptError.

    Names match exactly; spaces just inside the braces are ignored unless a column has them.
    """
    names = _names(tuple(columns))
    parts: list[str | int] = []
    unknown: dict[str, int] = {}
    count = done = 0
    for found in _placeholders(text, names):
        parts.append(text[done : found.start])
        done = found.end
        if found.name is None:
            parts.append("{{")
            continue
        number = names.number_of(found.name)
        if number is None:
            count += 1
            if len(unknown) < MOST_UNKNOWN:
                unknown.setdefault(found.name.strip(), found.start)
        else:
            parts.append(number)
    if unknown:
        raise PromptError(list(_unknown(text, unknown, names)), count)
    parts.append(text[done:])
    return Template(tuple(part for part in parts if part != ""))


def literal(text: str) -> str:
    """Returns the template that renders as `text` for every row, whatever braces it holds."""
    return text.replace("{{", "\\{{")


def _unknown(text: str, starts: Mapping[str, int], names: _Names) -> Iterator[UnknownPlaceholder]:
    for place, (name, start) in enumerate(starts.items()):
        suggestion = names.similar_to(name) if place < MOST_SUGGESTIONS else None
        yield UnknownPlaceholder(name[:LONGEST_SHOWN], text.count("\n", 0, start) + 1, suggestion)


def _placeholders(text: str, names: _Names) -> Iterator[_Placeholder]:
    """Yields placeholders and escapes from left to right. Every character is looked at a fixed number of times."""
    done, closed = 0, -1
    while (start := text.find("{{", done)) >= 0:
        if start > done and text[start - 1] == "\\":
            done = start + 2
            yield _Placeholder(start - 1, done, None)
            continue
        if match := names.with_braces.match(text, start + 2):
            done = match.end()
            yield _Placeholder(start, done, match[1])
            continue
        closed = closed if closed >= start + 2 else text.find("}}", start + 2)
        if closed < 0:  # no placeholder is closed from here on
            yield from _escapes(text, start + 2)
            return
        done = closed + 2
        yield _Placeholder(start, done, text[start + 2 : closed])


def _escapes(text: str, start: int) -> Iterator[_Placeholder]:
    while (start := text.find("\\{{", start)) >= 0:
        yield _Placeholder(start, start + 3, None)
        start += 3


class _Names:
    """The columns of a table, prepared for finding them in prompts."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._numbers = {name: number for number, name in enumerate(columns)}
        braces = sorted((name for name in columns if "}" in name), key=len, reverse=True)
        alternatives = "|".join(map(re.escape, braces)) or "(?!)"
        self.with_braces = re.compile(rf"({alternatives})\}}\}}")
        """A column whose own name holds braces, the longest first: for all others the next `}}` is the end."""
        self._plain: dict[str, str] | None = None
        self._similar: dict[str, str | None] = {}

    def number_of(self, name: str) -> int | None:
        return self._numbers.get(name, self._numbers.get(name.strip()))

    def similar_to(self, name: str) -> str | None:
        """Returns the column that was probably meant: equal but for case, accents or spaces, else the closest."""
        if len(name) > LONGEST_COMPARED:
            return None
        if self._plain is None:
            self._plain = {plain(column): column for column in self._columns if len(column) <= LONGEST_COMPARED}
        typed = plain(name)
        if typed in self._plain:
            return self._plain[typed]
        if typed not in self._similar and len(self._similar) < MOST_REMEMBERED:
            close = difflib.get_close_matches(typed, self._plain, n=1, cutoff=0.6)
            self._similar[typed] = self._plain[close[0]] if close else None
        return self._similar.get(typed)


@lru_cache(maxsize=32)
def _names(columns: tuple[str, ...]) -> _Names:
    return _Names(columns)


def plain(name: str) -> str:
    """Returns the letters and digits of a name, without case and accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


# ---- slips -----------------------------------------------------------------------------------------------

_BRACED = re.compile(
    r"\$?(?<!\{)(?:\{([^{}\n]{1,300})\}\}?|\{\{([^{}\n]{1,300})\})(?!\})|｛{1,3}([^｛｝\n]{1,300})｝{1,3}"
    r"|%\(([^()\n]{1,300})\)s"
)
_OTHERWISE = re.compile(
    r"<{1,2}([^<>\n]{1,300})>{1,2}|\[{1,2}([^\[\]\n]{1,300})\]{1,2}|%([^%\s]{1,300})%|\(\(([^()\n]{1,300})\)\)"
    r"|[«【＜《]([^«»【】＜＞《》\n]{1,300})[»】＞》]|(?<!\w)[$@]([^\W\d]\w{0,299})"
)
_MEMBER = re.compile(r"\w{1,40}(?:\.|\[[\"'])(.{1,300}?)(?:[\"']\])?")
"""A column as a member of something: row.text, row["text"]."""
MOST_SLIPS = 5


def slips(text: str, columns: Sequence[str]) -> dict[str, str]:
    """Returns {what was typed: column} for texts that look like a placeholder with the wrong signs.

    {name}, ${name}, {{name}, {row.name} and the like count if the column is not used otherwise; <name>, [[name]],
    %name%, $name and the like if no column is used at all. Case, spaces and signs of a name do not matter.
    Placeholders that name no column are ignored.
    """
    names = _names(tuple(columns))
    numbers = [names.number_of(found.name) for found in _placeholders(text, names) if found.name is not None]
    used = {columns[number] for number in numbers if number is not None}
    found = _likely(_BRACED, text, columns, used)
    return found if used or found else _likely(_OTHERWISE, text, columns, used)


def _likely(pattern: re.Pattern[str], text: str, columns: Sequence[str], used: set[str]) -> dict[str, str]:
    known = {plain(column): column for column in columns if column not in used and plain(column)}
    likely: dict[str, str] = {}
    for match in pattern.finditer(text):
        name = next(group for group in match.groups() if group is not None)
        member = _MEMBER.fullmatch(name.strip())
        column = known.get(plain(name)) or (known.get(plain(member[1])) if member else None)
        if column is not None:
            likely.setdefault(match[0], column)
            if len(likely) == MOST_SLIPS:
                break
    return likely
