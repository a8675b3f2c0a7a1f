"""The texts that the cells of an Excel file share. Pure."""

from __future__ import annotations

import codecs
import tempfile
from array import array
from collections.abc import Iterator
from typing import IO

from batchsite.workbooks.disk_room import keep_room
from batchsite.workbooks.xml_stream import TooLarge, XmlStream, unescaped

_IN_MEMORY = 32_000_000
_MOST_TEXTS = 20_000_000
_BYTES_EACH = 4
"""Bytes of a character, at most."""


class Texts(XmlStream):
    """In memory while they are few, then in an unnamed temporary file. `longest`: characters of one that are kept."""

    def __init__(self, part: IO[bytes] | None, longest: int) -> None:
        super().__init__(longest)
        self._phonetic = False
        self._ends, self._size = array("Q", [0]), 0
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (closed with the book)
        if part is not None:
            self.take_all(part)

    def __getitem__(self, index: int) -> str:
        """A text, or as much of it as may be held."""
        size, most = self.size(index), _BYTES_EACH * self.longest
        self._file.seek(self._ends[index])
        return self._file.read(size).decode() if size <= most else self._file.read(most).decode(errors="ignore")

    def parts(self, index: int) -> Iterator[str]:
        """A text in parts: one, unless it is too long to be held. Raises IndexError."""
        size, most = self.size(index), _BYTES_EACH * self.longest
        begin, decode = self._ends[index], codecs.getincrementaldecoder("utf-8")().decode
        for done in range(0, size, most):
            self._file.seek(begin + done)
            yield decode(self._file.read(min(most, size - done)))

    def size(self, index: int) -> int:
        """Bytes of a text. Raises IndexError."""
        if index < 0:
            raise IndexError(index)
        return self._ends[index + 1] - self._ends[index]

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "si":
            self.forget_text()
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "t":
            self.taking = not self._phonetic

    def ended(self, tag: str) -> None:
        if tag == "t":
            self.taking = False
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            self.overflow()
            if len(self._ends) > _MOST_TEXTS:
                raise TooLarge(f"This Excel file has more than {_MOST_TEXTS:,} different texts. Save the table as CSV.")
            self._ends.append(self._size)

    def overflow(self) -> None:
        """Keeps what there is of a text."""
        before = self._size
        self._size += self._file.write(unescaped(self.text()).encode())
        keep_room(before, self._size)
        self.forget_text()
