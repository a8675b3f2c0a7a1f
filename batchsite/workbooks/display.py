"""The cells of an Excel file as Excel shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from batchsite.workbooks.iso_dates import serial_number
from batchsite.workbooks.long_row import Cell
from batchsite.workbooks.number_formats import Departure, Shown, number_format, text_format
from batchsite.workbooks.workbook import Book
from batchsite.workbooks.xml_stream import unescaped

TEXT_KINDS = {"s", "str", "inlineStr"}
NUMBER_KINDS = {"n", "d"}
"""A date of kind d is a number written as ISO 8601."""


class Display:
    """Knows the number formats and shared texts of a book."""

    def __init__(self, book: Book) -> None:
        self._shared, self._since_1904, self._codes = book.texts, book.since_1904, book.formats
        self._numbers = [number_format(code, since_1904=book.since_1904) for code in book.formats]
        self._texts = [text_format(code) for code in book.formats]
        self._general = number_format("General")

    def text(self, cell: Cell) -> str:
        """Returns what a cell shows. Raises ValueError and LookupError if the file is damaged."""
        if not cell.text:
            return ""
        if cell.kind in TEXT_KINDS:
            text = self._shared[int(cell.text)] if cell.kind == "s" else unescaped(cell.text)
            change = self._texts[cell.style] if cell.style < len(self._texts) else None
            return change(text) if change and text else text
        if cell.kind == "b":
            return "TRUE" if cell.text.strip().lower() in {"1", "true"} else "FALSE"
        return self.number(cell).text if cell.kind in NUMBER_KINDS else cell.text

    def parts(self, cell: Cell) -> Iterator[str]:
        """What a cell shows, in parts where it is too long to be held."""
        if cell.kind == "s" and cell.text:
            return self._shared.parts(int(cell.text))
        return iter([self.text(cell)])

    def number(self, cell: Cell) -> Shown:
        """What a cell of a number or a date shows, and how that departs from Excel."""
        show = self._numbers[cell.style] if cell.style < len(self._numbers) else self._general
        if cell.kind == "n":
            return show(cell.text)
        number = serial_number(cell.text, since_1904=self._since_1904)
        if number is None or not self._is_formatted(cell):
            return Shown(cell.text, Departure.ISO)
        return show(number)

    def _is_formatted(self, cell: Cell) -> bool:
        return cell.style < len(self._codes) and self._codes[cell.style].lower() not in {"", "general"}

    def size(self, cell: Cell) -> int:
        """Bytes or characters of a text, without building one that is shared."""
        return self._shared.size(int(cell.text)) if cell.kind == "s" and cell.text else len(cell.text)
