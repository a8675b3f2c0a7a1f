"""Bytes to records: line ends, quotes, and where each record starts. Pure, and flat in memory."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

PIECE = 65_536
LINE_END = re.compile(r"\r\n|\r|\n")

Record = tuple[list[str], str, int, str]
"""(cells, raw text, line on which it starts, what is wrong with its quotes or nothing)."""


class Bytes(Protocol):
    """Anything with bytes to read: a file, an upload, a socket."""

    def read(self, size: int = -1, /) -> bytes: ...


# The standard library stops at 131,072 characters a cell, which prompts do reach; Records has a limit of its own.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class TextSource:
    """The text of `head` and the rest of `stream`, in pieces of whole lines, their ends as they are.

    Bytes that are not UTF-8 come through as surrogates. `dirty` is set before the first piece with such a byte, or
    with a NUL, is given out: only from there on need cells be looked at one by one. `lone_cr` is set likewise before
    the first CR that is not half of a CRLF.
    """

    def __init__(self, head: bytes, stream: Bytes, *, longest: int) -> None:
        self.dirty = self.lone_cr = False
        self.longest = longest
        """Characters; a longer line comes in parts."""
        self._head, self._stream = head, stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest, self._cr = "", b""

    def take(self) -> str:
        """The next piece; nothing at the end."""
        while True:
            piece = self._head or self._stream.read(PIECE)
            self._head = b""
            text = self._rest + self._decode(piece)
            # A lone CR at the very end may be half of a CRLF.
            end = text.rfind("\n") + 1 or text.rfind("\r", 0, -1) + 1
            if not piece or (not end and len(text) >= self.longest):
                end = len(text)
            self._rest = text[end:]
            if end or not piece:
                return text[:end]

    def _decode(self, piece: bytes) -> str:
        self._look_at(piece)
        try:
            return self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError:
            self.dirty = True
            state = self._decoder.getstate()
            self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
            self._decoder.setstate(state)
            return self._decoder.decode(piece, final=not piece)

    def _look_at(self, piece: bytes) -> None:
        self.dirty = self.dirty or b"\0" in piece
        if not self.lone_cr and (b"\r" in piece or self._cr):
            together, self._cr = self._cr + piece, b"\r" if piece.endswith(b"\r") else b""
            self.lone_cr = together.removesuffix(self._cr).count(b"\r") != together.count(b"\r\n")

    def lines(self, text: str) -> io.StringIO:
        """Iterates over the lines of a piece. Looking for CR as well takes longer, so only where one stands alone."""
        return io.StringIO(text, newline="" if self.lone_cr else "\n")


class _Endless(Exception):
    """A record is longer than any may be."""


class Records:
    """The records of a text, header included; a blank line is a record of no cells.

    A record with broken quotes comes without cells and with words for what is wrong; reading goes on behind it.
    """

    def __init__(self, source: TextSource, *, delimiter: str) -> None:
        self.delimiter, self.longest = delimiter, source.longest
        """`longest`: characters of a record. More means a quote that is never closed, and would fill the memory."""
        self._source = source
        self._piece = source.lines("")
        self._raw: list[str] = []
        self._line = 0

    def plain(self, beyond_doubt: Callable[[list[list[str]], str], bool]) -> Iterator[list[list[str]]]:
        """Records by the hundreds, as long as they are all plain: nearly as fast as the csv module alone.

        Ends at the first piece that the csv module refuses, or of which `beyond_doubt(records, text)` is not sure.
        That piece and all behind it are left for iteration, which looks at every record.
        """
        left = self._piece.read()
        while taken := self._source.take():
            left += taken
            text = left[: _end_of_records(left)]
            records = [] if self._source.lone_cr else self._parsed(text)
            if not records or not beyond_doubt(records, text):
                break
            left = left[len(text) :]
            self._line += text.count("\n")
            yield records
        self._piece = self._source.lines(left)

    def _parsed(self, text: str) -> list[list[str]]:
        try:
            return list(csv.reader(io.StringIO(text, newline="\n"), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return []

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
        while True:
            for line in self._piece:
                raw.append(line)
                size = len(line) if len(raw) == 1 else size + len(line)
                if size >= longest:
                    raise _Endless
                yield line
            if not (taken := self._source.take()):
                return
            self._piece = self._source.lines(taken)

    def _broken(self, error: str) -> Record:
        line, text = self._line + 1, "".join(self._raw)
        self._line += len(self._raw)
        where = f" on line {self._line}" if self._line > line else ""
        self._raw.clear()
        if "unexpected end" in error:
            return [], text, line, "A quoted cell is still open at the end of the file: its closing quote is missing."
        return [], text, line, f"There is text behind a closing quote{where}; a quote inside a cell must be doubled."

    def _endless(self) -> Record:
        line, text = self._line + 1, self._raw[0][: self.longest]
        while not self._raw[-1].endswith(("\n", "\r")) and (taken := self._source.take()):
            self._piece = self._source.lines(taken)
            self._raw[-1] = next(self._piece)
        self._line += len(self._raw)
        self._raw.clear()
        return [], text, line, f"This row is longer than {self.longest:,} characters. Is a quote never closed?"


def _end_of_records(text: str) -> int:
    """Behind the last line end that stands outside of quotes, going by the number of quotes before it."""
    end = text.rfind("\n") + 1
    inside = text.count('"', 0, end) % 2
    while inside and end:
        before = text.rfind("\n", 0, end - 1) + 1
        inside ^= text.count('"', before, end) % 2
        end = before
    return end


def quotes_fit(text: str, delimiter: str) -> bool:
    """Whether no quote stands inside a cell that does not begin with one, in records that the csv module accepts.

    What is left of an opening quote, outside of quoted cells, ends with a delimiter or a line end, or is empty: it
    does within a cell, too, between the two of a doubled quote.
    """
    return {part[-1:] for part in text.split('"')[:-1:2]} <= {"", delimiter, "\n"}


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
