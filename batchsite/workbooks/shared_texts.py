"""The texts that the cells of an Excel file share. Pure."""

from __future__ import annotations

import tempfile
from array import array
from typing import IO

from batchsite.workbooks.xml_stream import TooLarge, XmlStream, unescaped

_IN_MEMORY = 32_000_000
_MOST_TEXTS = 20_000_000


class Texts(XmlStream):
    """In memory while they are few, then in a file without a name. `longest`: characters of one."""

    def __init__(self, part: IO[bytes] | None, longest: int) -> None:
        super().__init__(longest)
        self._phonetic = False
        self._ends = array("Q", [0])
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (closed with the book)
        if part is not None:
            self.take_all(part)

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        begin, end = self._ends[index], self._ends[index + 1]
        self._file.seek(begin)
        return self._file.read(end - begin).decode()

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
            self._keep(unescaped(self.text()).encode())

    def _keep(self, data: bytes) -> None:
        if len(self._ends) > _MOST_TEXTS:
            raise TooLarge(f"This Excel file has more than {_MOST_TEXTS:,} different texts. Save the table as CSV.")
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))
