"""Templates without the whitespace that only their readers need.

Templates are laid out to be read: a tag a line, deeply indented. What a browser would drop of that is dropped once,
when a template is loaded: pages stay small, and text in `white-space: pre-wrap` stays as it is. Whitespace goes where
it touches a block-level tag on every way through the template; anywhere else a run of it becomes one space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from django.template import Origin
from django.template.loaders import filesystem

EDGES = re.compile(
    r"</?(article|aside|body|caption|col|colgroup|datalist|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer"
    r"|form|h1|h2|h3|head|header|hr|html|legend|li|link|main|meta|nav|ol|optgroup|option|p|pre|script|section|summary"
    r"|table|tbody|td|template|tfoot|th|thead|title|tr|ul|circle|g|line|path|rect|symbol|text)\b|<!doctype",
    re.IGNORECASE,
)
"""Tags of block-level elements, and of what is drawn: whitespace beside them shows nowhere."""
BOXES = ("button", "progress", "select", "svg")
"""Whitespace within the edges of these shows nowhere; beside them it does."""
VERBATIM = ("pre", "textarea")
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
TOKEN = re.compile(
    r"(?P<step>\{%.*?%\})"
    r"|(?P<value>\{\{.*?\}\})"
    r"|(?P<tag><[!/]?[a-zA-Z](?:\{%.*?%\}|\{\{.*?\}\}|\"(?:\{%.*?%\}|\{\{.*?\}\}|[^\"])*\"|'[^']*'|[^>\"'])*>)"
    r"|(?P<gap>\s+)"
    r"|(?P<text>[^\s<{]+|.)",
    re.DOTALL,
)
LINE_BREAK = re.compile(r"(\{%.*?%\}|\{\{.*?\}\})|\s*\n\s*", re.DOTALL)
IN_TAG = re.compile(
    r"(?P<step>\{%.*?%\})|\{\{.*?\}\}|\"(?:\{%.*?%\}|\{\{.*?\}\}|[^\"])*\"|'[^']*'|\s+|[^\s\"'{]+|.", re.DOTALL
)
CONTROL = ("if", "elif", "else", "endif", "for", "empty", "endfor", "with", "endwith", "load")


class Loader(filesystem.Loader):
    """Django's loader of files, for templates that are laid out to be read."""

    def get_contents(self, origin: Origin) -> str:
        return squeezed(super().get_contents(origin))


def squeezed(source: str) -> str:
    """`source` without the comments and the whitespace that make no difference to what is shown."""
    return _Template(COMMENT.sub("", source)).squeezed()


class _Template:
    """A template as tokens, each a kind and a text, and the ways that rendering may take through them."""

    def __init__(self, source: str) -> None:
        self.tokens = [(match.lastgroup or "", match.group()) for match in TOKEN.finditer(source)]

    def squeezed(self) -> str:
        parts: list[str] = []
        verbatim = ""
        for place, (kind, text) in enumerate(self.tokens):
            if kind == "tag":
                verbatim = _verbatim_after(text, verbatim)
                parts.append(_on_one_line(text))
            elif kind == "gap" and not verbatim:
                parts.append("" if self._is_dropped(place) else " ")
            else:
                parts.append(text)
        return "".join(parts)

    def _is_dropped(self, gap: int) -> bool:
        return all(self._edges(self.onward, gap, set())) or all(self._edges(self.backward, gap, set()))

    def _edges(self, ways: list[list[int]], place: int, seen: set[int]) -> Iterator[bool]:
        """For each way from `place`: whether what comes next there ends a line, as a block-level tag does."""
        for step in ways[place]:
            if step in seen:
                continue
            seen.add(step)
            if not 0 <= step < len(self.tokens):
                yield True
                continue
            kind, text = self.tokens[step]
            if kind == "gap" or (kind == "step" and _is_silent(text)):
                yield from self._edges(ways, step, seen)
            else:
                yield kind == "tag" and _is_edge(text, closes=ways is self.onward)

    @cached_property
    def onward(self) -> list[list[int]]:
        """Of each token, those that may follow it when the template is rendered."""
        ways = [[place + 1] for place in range(len(self.tokens))]
        for marks in self._forks():
            first, last = marks[0], marks[-1]
            ways[first] = [mark + 1 for mark in marks[:-1]]
            if self._word(marks[-2]) not in {"else", "empty"}:
                ways[first].append(last + 1)
            for mark in marks[1:-1]:
                ways[mark] = [last + 1]
            if self._word(first) == "for":
                ways[marks[1]] = [first + 1, last + 1]
        return ways

    @cached_property
    def backward(self) -> list[list[int]]:
        """For each token, those that may come before it when the template is rendered."""
        ways: list[list[int]] = [[] for _ in self.tokens]
        for place, steps in enumerate(self.onward):
            for step in steps:
                if step < len(self.tokens):
                    ways[step].append(place)
        return [steps or [-1] for steps in ways]

    def _forks(self) -> Iterator[list[int]]:
        """Of every `if` and `for`: the places of its opening tag, of those in its middle, and of its end."""
        unfinished: list[list[int]] = []
        for place in range(len(self.tokens)):
            word = self._word(place)
            if word in {"if", "for"}:
                unfinished.append([place])
            elif word in {"elif", "else", "empty", "endif", "endfor"}:
                unfinished[-1].append(place)
                if word.startswith("end"):
                    yield unfinished.pop()

    def _word(self, place: int) -> str:
        kind, text = self.tokens[place]
        return text[2:-2].split(None, 1)[0] if kind == "step" else ""


def _is_silent(step: str) -> bool:
    """Whether a template tag shows nothing itself."""
    words = step[2:-2].split()
    return words[0] in CONTROL or "as" in words[:-1]


def _is_edge(tag: str, *, closes: bool) -> bool:
    return bool(EDGES.match(tag)) or (_name_of(tag) in BOXES and tag.startswith("</") == closes)


def _verbatim_after(tag: str, verbatim: str) -> str:
    """Which element keeps its whitespace behind `tag`; empty if none does."""
    name = _name_of(tag)
    if tag.startswith("</"):
        return "" if name == verbatim else verbatim
    return verbatim or (name if name in VERBATIM else "")


def _on_one_line(tag: str) -> str:
    """An HTML tag with one space before each attribute, and none where a condition leaves an attribute out."""
    parts: list[str] = []
    for match in IN_TAG.finditer(tag):
        part = match.group()
        word = part[2:-2].split(None, 1)[0] if match["step"] else ""
        if parts and parts[-1] == " " and (part.isspace() or word in {"if", "elif", "else", "endif"} or part in ">/>"):
            parts.pop()
        parts.append(" " if part.isspace() else LINE_BREAK.sub(lambda found: found[1] or " ", part))
        if word in {"if", "elif", "else"}:
            parts.append(" ")
    return "".join(parts)


def _name_of(tag: str) -> str:
    name = re.match(r"<[!/]?([a-zA-Z0-9]+)", tag)
    return name[1].lower() if name else ""
