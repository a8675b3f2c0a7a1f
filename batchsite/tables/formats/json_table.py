"""JSON Lines, and arrays of objects: a column per key, in the order in which they first appear.

The file is read twice. First all of it is looked at: which keys there are, and everything that is wrong. Then its rows
are given out, so that a table with a fault does not begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from batchsite.tables.cell_faults import too_long, unfit
from batchsite.tables.column_names import NOTE, given_names
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_pieces import CONTINUED, Broken, Piece
from batchsite.tables.formats.json_shapes import TWICE, holds_json
from batchsite.tables.formats.json_values import Number, as_text, kind
from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_types import Answers, Limits, Table, Understood

_PIECE = 100_000
"""Characters of rows that are given out together."""
Pieces = Callable[[], Iterator[Piece]]


class JsonTable(Table):
    """A table of JSON objects. `columns` are all of their keys."""

    def __init__(self, pieces: Pieces, form: str, *, answers: Answers, limits: Limits) -> None:
        self.understood = Understood(form=form, header="keys")
        self.columns: list[str] = []
        self._keys: list[str] = []
        self.lines: list[int] = []
        """The lines of the first two rows: whether there is more than one."""
        self._pieces, self._limits = pieces, limits
        self._known: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._gaps = self._not_a_number = False
        self._checks = RowChecks(limits, answers, suffix=".jsonl")
        self.left_out = self._checks.bad
        self._check_all()

    def rows(self) -> Iterator[list[str]]:
        """The rows, once all of the file was found to be good, or its bad rows are left out by choice."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        """The same, as many together as have some thousand characters."""
        piece: list[list[str]] = []
        size, ended = 0, True
        for _, text, value, fault, _ in self._pieces():
            if fault or (self.left_out.count and self._fault(value, text)[0]):
                if not ended and fault != CONTINUED:
                    self.left_out.write(b"\n")
                self.left_out.write(text.encode("utf-8", "surrogateescape"))
                ended = False
                continue
            piece.append(self._cells(value, text))
            size += len(text)
            if size > _PIECE:
                yield piece
                piece, size = [], 0
        if not ended:
            self.left_out.write(b"\n")
        if piece:
            yield piece

    def _check_all(self) -> None:
        checks = self._checks
        try:
            for line, text, value, broken, where in self._pieces():
                if broken == CONTINUED:
                    continue
                checks.next_row()
                if len(self.lines) < 2:
                    self.lines.append(line)
                fault, column = (broken, None) if broken else self._look(value, text, line)
                if fault:
                    checks.bad_row(fault, line, column, where or excerpt(text))
        except Broken as error:
            checks.bad_file(error.message, error.line, error.excerpt)
        checks.settle()
        self._name_columns()
        if not self.columns:
            raise refuse("The file is empty: it has no object with a key.")
        self._say()

    def _name_columns(self) -> None:
        """The columns have the names of the keys, or those that they are given where a key is no name."""
        self.columns = given_names(self._keys)
        if self.columns != self._keys:
            self.understood.notes.append(NOTE)

    def _look(self, value: Any, text: str, line: int) -> tuple[str, int | None]:
        """What is wrong with an object, and in which column; its keys become columns."""
        if isinstance(value, dict):
            if [*value] != self._keys:
                if not value.keys() <= self._known:
                    self._add_columns(value, line)
                self._gaps = self._gaps or len(value) < len(self._keys)
            self._gaps = self._gaps or None in value.values()
            self._not_a_number = self._not_a_number or "NaN" in text or "Infinity" in text
        return self._fault(value, text)

    def _add_columns(self, value: dict[str, Any], line: int) -> None:
        for key in value:
            if key in self._known:
                continue
            if fault := unfit(key):
                raise refuse(fault, line, excerpt(key))
            if len(self._keys) >= self._limits.columns:
                message = f"The objects have more than {self._limits.columns:,} different keys, which is the limit."
                raise refuse(message, line, excerpt(key))
            self._gaps = self._gaps or len(self.lines) > 1
            self._known.add(key)
            self._keys.append(key)
            self._numbers[key] = len(self._keys)

    def _fault(self, value: Any, text: str) -> tuple[str, int | None]:
        """What is wrong with a value that is good JSON, and in which column."""
        if isinstance(value, str) and holds_json(value):
            return TWICE, None
        if not isinstance(value, dict):
            return f"This is {kind(value)}; a row must be an object, as in {{“name”: “value”}}.", None
        if "\\u" not in text and len(text) <= self._limits.cell:
            return "", None
        for key, item in value.items():
            try:
                cell = as_text(item)
            except RecursionError:
                return "A value is nested too deeply to be read.", self._numbers.get(key)
            if fault := unfit(cell) or too_long(len(cell), self._limits):
                return fault, self._numbers.get(key)
        return "", None

    def _cells(self, value: dict[str, Any], text: str) -> list[str]:
        cells = map(value.get, self._keys)
        return [cell if type(cell) is str else str(cell) if type(cell) is Number else as_text(cell) for cell in cells]

    def _say(self) -> None:
        notes = self.understood.notes
        if self._gaps:
            notes.append("A key that is null or absent is read as an empty cell.")
        if self._not_a_number:
            notes.append("NaN and Infinity, which are not valid JSON, are kept as words.")
