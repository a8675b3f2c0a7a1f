"""XML of an Excel file as a stream of elements, in memory that is bounded whatever the file holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

_PIECE = 65_536
_LONGEST_TAG = 4_000_000
"""Bytes of a tag with its attributes, which the parser holds as a whole."""
_DEEPEST, _MOST_NAMES = 200, 2000
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Damaged(Exception):
    """The file is not what Excel would have written."""


class TooLarge(Exception):
    """The file goes beyond a limit; the message says which, in a sentence for a person."""


class XmlStream:
    """Elements by their local names, one after the other. `longest`: characters of a text that may be kept."""

    def __init__(self, longest: int) -> None:
        self.taking = False
        self.longest = longest
        self._parts: list[str] = []
        self._length = self._depth = self._bytes = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser, self._local = parser, dict[str, str]()
        self._attributes = set[str]()

    def feed(self, part: IO[bytes]) -> Iterator[None]:
        """Parses a piece at a time. Raises Damaged, TooLarge, ExpatError."""
        while piece := part.read(_PIECE):
            self._bytes += len(piece)
            self._parser.Parse(piece, False)
            if self._bytes - max(0, self._parser.CurrentByteIndex) > _LONGEST_TAG:
                raise Damaged("a tag that does not end")
            yield
        self._parser.Parse(b"", True)
        yield

    def take_all(self, part: IO[bytes]) -> None:
        """Parses all of a part, and closes it."""
        with part:
            for _ in self.feed(part):
                pass

    def started(self, tag: str, values: dict[str, str]) -> None:
        raise NotImplementedError

    def ended(self, tag: str) -> None:
        """Called at the end of an element; most readers need nothing of it."""

    def forget_text(self) -> None:
        self._parts, self._length = [], 0

    def text(self) -> str:
        """The text since it was last forgotten."""
        return "".join(self._parts)

    def _start(self, name: str, values: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Damaged("elements within elements")
        tag = self._local.get(name) or self._learn(name)
        if values and not self._attributes.issuperset(values):
            self._attributes.update(values)
            self._check_names(self._attributes)
        self.started(tag, values)

    def _learn(self, name: str) -> str:
        tag = self._local[name] = name.rpartition(" ")[2]
        self._check_names(self._local)
        return tag

    def _check_names(self, names: dict[str, str] | set[str]) -> None:
        """The parser keeps every name that it ever saw."""
        if len(names) > _MOST_NAMES:
            raise Damaged("names of elements")

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended(self._local[name])

    def _data(self, text: str) -> None:
        if not self.taking:
            return
        self._length += len(text)
        self._parts.append(text)
        if self._length > self.longest:
            self.overflow()

    def overflow(self) -> None:
        """Called where a text is longer than may be kept. Raises TooLarge, or takes what there is of it."""
        raise TooLarge(f"A cell of this Excel file is longer than {self.longest:,} characters, which is the limit.")

    def _doctype(self, *_: Any) -> None:
        raise Damaged("a document type")


def unescaped(text: str) -> str:
    """A text of a cell: characters that XML cannot hold are written as `_x000D_`."""
    return _ESCAPE.sub(_unescape, text) if "_x" in text else text


def _unescape(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if code == 0 or 0xD800 <= code < 0xE000 else chr(code)
