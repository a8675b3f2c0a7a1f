"""The objects of a JSON file one after the other: of lines, of one long array, or simply in a row. Flat in memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from batchsite.tables.cell_faults import unfit
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_values import NotJson, parse, parse_at
from batchsite.tables.table_types import ByteStream

PIECE = 262_144
_SPACE = " \t\r\n"
_MARKS = "\ufeff\x1e"
"""What some programs write around lines: a byte order mark, where files were joined; a record separator."""
_COMMA = "A comma stands behind the object, as in a list. Remove these commas, or put the whole into brackets: [ … ]."

Piece = tuple[int, str, Any, str, str]
"""(line on which it starts, its raw text, its value, what is wrong with it or nothing, an excerpt of that place)."""
CONTINUED = "continued"
"""In the place of a fault: more of the text of the piece before, which is too long to be held as a whole."""


class Broken(Exception):
    """From here on, the beginning of the next object is unknown."""

    def __init__(self, message: str, line: int, excerpt: str) -> None:
        super().__init__(message)
        self.message, self.line, self.excerpt = message, line, excerpt


def of_lines(stream: ByteStream, longest: int) -> Iterator[Piece]:
    """A value per line, split by bytes: U+2028 and its like are no line ends here. Blank lines are none."""
    line = 1
    for data, begins, ends in _lines(stream, 4 * longest):
        try:
            text, sound = data.decode(), True
        except UnicodeDecodeError:
            text, sound = data.decode("utf-8", "surrogateescape"), False
        if not begins:
            yield line, text, None, CONTINUED, ""
        elif data.strip():
            yield _of_line(line, text, longest, sound=sound)
        line += ends


def _of_line(line: int, text: str, longest: int, *, sound: bool) -> Piece:
    """The value of a line; `sound`: whether all of its bytes are UTF-8."""
    fault = f"This line is longer than {longest:,} characters." if len(text) > longest else ""
    fault = fault or ("" if sound else unfit(text))
    if fault:
        return line, text, None, fault, excerpt(text.strip(_SPACE))
    try:
        return line, text, parse(text), "", ""
    except NotJson as error:
        plain = text.strip(_MARKS)
        if plain != text:
            number, _, value, fault, where = _of_line(line, plain, longest, sound=sound)
            return number, text, value, fault, where
        if error.behind and text[error.position :].strip(_SPACE) == ",":
            return line, text, None, _COMMA, excerpt(text.strip(_SPACE))
        words = f"{error.message} (character {error.position + 1:,})." if error.position else error.message
        fault = unfit(text) or f"This line is not valid JSON. {words.rstrip('.')}."
        return line, text, None, fault, excerpt(text, error.position)


def _lines(stream: ByteStream, longest: int) -> Iterator[tuple[bytes, bool, bool]]:
    """(bytes of a line without its end, whether it begins there, whether it ends there); longer ones come in parts."""
    rest, begins = b"", True
    while piece := stream.read(PIECE):
        first, *more = piece.split(b"\n")
        rest += first
        for line in more:
            yield rest, begins, True
            rest, begins = line, True
        if len(rest) > longest:
            yield rest, begins, False
            rest, begins = b"", False
    if rest:
        yield rest, begins, True


class Scanner:
    """The text of a JSON file, a piece at a time; the value in hand is always in one."""

    def __init__(self, stream: ByteStream, longest: int) -> None:
        self.longest = longest
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._ended = "", 0, False
        self._line, self._counted = 1, 0

    @property
    def line(self) -> int:
        """The line of the place reached, from 1."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def next(self) -> str:
        """The next character that is no space, not yet taken; nothing at the end."""
        while True:
            text = self._text
            while self._at < len(text) and text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(text):
                return text[self._at]
            if not self._more():
                return ""

    def take(self) -> None:
        self._at += 1

    def value(self) -> Piece:
        """The value that begins here. Raises Broken."""
        while True:
            line = self.line
            try:
                value, end = parse_at(self._text, self._at)
            except NotJson as error:
                if error.open_end and self._more():
                    continue
                if error.cut:
                    raise Broken("The file ends in the middle of an object.", line, self.around()) from None
                raise self.broken(error) from None
            if end == len(self._text) and self._more():
                continue
            text = self._text[self._at : end]
            self._at = end
            fault = "" if text.isascii() else _unfit_bytes(text)
            return line, text, value, fault, excerpt(text) if fault else ""

    def broken(self, error: NotJson) -> Broken:
        fault = (
            unfit(self._text[self._at : error.position + 1]) or f"This is not valid JSON. {error.message.rstrip('.')}."
        )
        line = self.line + self._text.count("\n", self._at, error.position)
        return Broken(f"{fault} The rest was not checked.", line, excerpt(self._text, error.position))

    def around(self) -> str:
        return excerpt(self._text, self._at)

    def _more(self) -> bool:
        """Reads more text after the current position. False if there is none. Raises Broken at the limit."""
        held = len(self._text) - self._at
        if held > self.longest:
            raise Broken(f"An object longer than {self.longest:,} characters.", self.line, self.around())
        if self._ended:
            return False
        piece = self._stream.read(max(PIECE, held))  # a long value is parsed again as often as it doubles
        self._ended = not piece
        text = self._decoder.decode(piece, final=self._ended)
        if text:  # otherwise all stays where it is, as do positions in it
            self._line, self._text = self.line, self._text[self._at :] + text
            self._at = self._counted = 0
        return bool(text) or not self._ended


def _unfit_bytes(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return unfit(text)
    return ""


def of_array(stream: ByteStream, longest: int) -> Iterator[Piece]:
    """The values of the one array that the file is. Raises Broken."""
    scanner = Scanner(stream, longest)
    scanner.next()
    scanner.take()
    if scanner.next() == "]":
        scanner.take()
    else:
        yield scanner.value()
        while (mark := scanner.next()) == ",":
            scanner.take()
            if scanner.next() == "]":
                raise Broken("There is a comma before the closing bracket.", scanner.line, scanner.around())
            yield scanner.value()
        if not mark:
            raise Broken("The file ends in the middle of the list.", scanner.line, "")
        if mark != "]":
            raise Broken("A comma is missing between two objects.", scanner.line, scanner.around())
        scanner.take()
    if scanner.next():
        raise Broken("There is more after the end of the list.", scanner.line, scanner.around())


def in_a_row(stream: ByteStream, longest: int) -> Iterator[Piece]:
    """Values one after the other, each over as many lines as it likes. Raises Broken."""
    scanner = Scanner(stream, longest)
    while scanner.next():
        yield scanner.value()
