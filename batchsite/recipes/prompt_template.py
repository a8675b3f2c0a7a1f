"""Prompts with `{{column}}` placeholders. Pure.

A template is split once into texts and column numbers, and rendered by joining: two million rows a second,
and a cell that itself holds `{{…}}` is text, never a placeholder. `\\{{` stands for two literal braces.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """A prompt that is ready to be rendered with rows of one table."""

    parts: tuple[str | int, ...]
    """Literal texts, and indexes of columns, in order."""

    def render(self, cells: Sequence[str]) -> str:
        return "".join([part if isinstance(part, str) else cells[part] for part in self.parts])

    @property
    def has_words(self) -> bool:
        """Whether it is never empty, whatever the cells hold."""
        return any(isinstance(part, str) and part.strip() for part in self.parts)

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns in use, each once, in order of appearance."""
        return tuple(dict.fromkeys(part for part in self.parts if isinstance(part, int)))


@dataclass(frozen=True)
class UnknownPlaceholder:
    """A placeholder that names no column."""

    name: str
    line: int
    """Line of the prompt, counted from 1."""
    suggestion: str | None

    def __str__(self) -> str:
        hint = f" Did you mean {{{{{self.suggestion}}}}}?" if self.suggestion is not None else ""
        where = f" (line {self.line})" if self.line > 1 else ""
        return f"There is no column “{self.name}”{where}.{hint}"


class PromptError(ValueError):
    """The prompt names columns that the table does not have."""

    def __init__(self, unknown: list[UnknownPlaceholder]) -> None:
        super().__init__(" ".join(str(one) for one in unknown))
        self.unknown = unknown


def parse(text: str, columns: Sequence[str]) -> Template:
    """`text` as a template for a table with these columns. Raises PromptError.

    Names match exactly; blanks just inside the braces are forgiven where no column has them.
    """
    parts: list[str | int] = []
    unknown: list[UnknownPlaceholder] = []
    index = {name: number for number, name in enumerate(columns)}
    done = 0
    for match in _pattern(columns).finditer(text):
        parts.append(text[done : match.start()])
        done = match.end()
        if match["escaped"]:
            parts.append("{{")
            continue
        name = match["known"] if match["known"] is not None else match["other"]
        number = index.get(name, index.get(name.strip()))
        if number is None:
            line = text.count("\n", 0, match.start()) + 1
            unknown.append(UnknownPlaceholder(name.strip(), line, suggest(name, columns)))
        else:
            parts.append(number)
    if unknown:
        raise PromptError(unknown)
    parts.append(text[done:])
    return Template(tuple(part for part in parts if part != ""))


def _pattern(columns: Iterable[str]) -> re.Pattern[str]:
    """Known names first, the longest before its beginnings: a header may itself hold braces or line ends."""
    names = "|".join(re.escape(name) for name in sorted(columns, key=len, reverse=True)) or r"(?!)"
    return re.compile(r"(?P<escaped>\\\{\{)|\{\{(?:(?P<known>" + names + r")|(?P<other>.*?))\}\}", re.DOTALL)


def suggest(name: str, columns: Iterable[str]) -> str | None:
    """The column that was probably meant: the same but for case, accents or blanks, else the closest."""
    plain = {_plain(column): column for column in columns}
    if _plain(name) in plain:
        return plain[_plain(name)]
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
