"""Bytes to records: line ends, quotes, and where each record starts. Pure, and flat in memory."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterator
from typing import Protocol

PIECE = 262_144
LINE_END = re.compile(r"\r\n|\r|\n")

Record = tuple[list[str], str, int, str]
"""(cells, raw text, line on which it starts, what is wrong with its quotes or nothing)."""


class ByteStream(Protocol):
    """Anything with bytes to read: a file, an upload, a socket."""

    def read(self, size: int = -1, /) -> bytes: ...


# The standard library stops at 131,072 characters a cell, which prompts do reach; Records has a limit of its own.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class Lines:
    """The physical lines of `head` and the rest of `stream`, their ends as they are.

    Bytes that are not UTF-8 come through as surrogates. `dirty` is set before the first line with such a byte, or
    with a NUL, is given out: only from there on need cells be looked at one by one.
    """

    def __init__(self, head: bytes, stream: ByteStream, *, longest: int) -> None:
        self.dirty = False
        self.longest = longest
        """Characters; a longer line comes in several parts."""
        self._head, self._stream = head, stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for piece in self._texts():
            text = rest + piece
            # A lone CR at the very end may be half of a CRLF.
            cut = text.rfind("\n") + 1 or text.rfind("\r", 0, -1) + 1
            if not cut and len(text) >= self.longest:
                cut = len(text)
            yield from _split(text[:cut])
            rest = text[cut:]
        yield from _split(rest)

    def _texts(self) -> Iterator[str]:
        piece = self._head or self._stream.read(PIECE)
        while piece:
            yield self._decode(piece)
            piece = self._stream.read(PIECE)
        yield self._decode(b"", final=True)

    def _decode(self, piece: bytes, *, final: bool = False) -> str:
        if b"\0" in piece:
            self.dirty = True
        try:
            return self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self.dirty = True
            state = self._decoder.getstate()
            self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
            self._decoder.setstate(state)
            return self._decoder.decode(piece, final)


def _split(text: str) -> Iterator[str]:
    """Looking for CR as well takes longer, so only where one stands alone."""
    lone = "\r" in text and text.count("\r") != text.count("\r\n")
    return io.StringIO(text, newline="" if lone else "\n")


class _Endless(Exception):
    """A record is longer than any may be."""


class Records:
    """The records of a text, header included; a blank line is a record of no cells.

    A record with broken quotes comes without cells and with words for what is wrong; reading goes on behind it.
    """

    def __init__(self, lines: Lines, *, delimiter: str) -> None:
        self.delimiter, self.longest = delimiter, lines.longest
        """`longest`: characters of a record. More means a quote that is never closed, and would fill the memory."""
        self._physical = iter(lines)
        self._raw: list[str] = []
        self._line = 0

    def __iter__(self) -> Iterator[Record]:
        """All records from where an earlier iteration stopped."""
        while True:
            try:
                yield from self._sound()
                return
            except csv.Error as error:
                yield self._broken(str(error))
            except _Endless:
                yield self._endless()

    def _sound(self) -> Iterator[Record]:
        raw = self._raw
        for cells in csv.reader(self._lines(), delimiter=self.delimiter, strict=True):
            text = raw[0] if len(raw) == 1 else "".join(raw)
            line = self._line + 1
            self._line += len(raw)
            raw.clear()
            yield cells, text, line, ""

    def _lines(self) -> Iterator[str]:
        """Physical lines; those of the record in hand stay in `_raw`."""
        raw, longest, size = self._raw, self.longest, 0
        for line in self._physical:
            raw.append(line)
            size = len(line) if len(raw) == 1 else size + len(line)
            if size >= longest:
                raise _Endless
            yield line

    def _broken(self, error: str) -> Record:
        line, text = self._line + 1, "".join(self._raw)
        self._line += len(self._raw)
        where = f" on line {self._line}" if self._line > line else ""
        self._raw.clear()
        if "unexpected end" in error:
            return [], text, line, "A quoted cell is still open at the end of the file: its closing quote is missing."
        return [], text, line, f"There is text behind a closing quote{where}; a quote inside a cell must be doubled."

    def _endless(self) -> Record:
        line, text = self._line + 1, self._raw[0]
        while not self._raw[-1].endswith(("\n", "\r")) and (part := next(self._physical, "")):
            self._raw[-1] = part
        self._line += len(self._raw)
        self._raw.clear()
        return [], text, line, f"This row is longer than {self.longest:,} characters. Is a quote never closed?"


def bare_quote(text: str, delimiter: str) -> int | None:
    """Where a quote stands inside a cell that does not start with one; None where all quotes fit.

    `text` is the raw text of a record that the csv module accepts: what is left of an opening quote, outside of
    quoted cells, ends with a delimiter or is empty. Empty within a record is the doubled quote.
    """
    outside = text.split('"')[:-1:2]
    for part in outside:
        if part and part[-1] != delimiter:
            break
    else:
        return None
    parts, index = text.split('"'), 2 * outside.index(part)
    return len('"'.join(parts[: index + 1]))


def column_at(text: str, position: int, delimiter: str) -> int:
    """Which column, counted from 1, the character of a record belongs to; every quote before it fits."""
    return 1 + sum(part.count(delimiter) for part in text[:position].split('"')[::2])
