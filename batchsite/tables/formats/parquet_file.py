"""Parquet files: every type as text, a batch of rows at a time. Pure.

pyarrow is imported when the first such file is opened: it takes 50 MB of memory and most of a second.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from batchsite.tables.cell_faults import name_fault, too_long, too_many_columns, unfit
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_values import Number, written
from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_types import Answers, ByteStream, Limits, Problem, ReadingError, Table, Understood

MAGIC, LOCKED = b"PAR1", b"PARE"
_BATCH_BYTES = 4_000_000
_MOST_BATCH_ROWS = 5000
_BUFFER = 1_000_000
_DAMAGED = "This Parquet file is damaged or not complete. Write it again, or save the table as CSV."
_LOCKED = "This Parquet file is encrypted. Write it without encryption and upload that file."
Texts = Callable[[Any], list[str]]
"""A column of a batch -> its cells."""


def recognises(head: bytes, filename: str) -> bool:
    return head.startswith((MAGIC, LOCKED))


def open_parquet(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Table:
    """The table of a Parquet file. Raises ReadingError."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    if stream.read(4) == LOCKED:
        raise refuse(_LOCKED)
    stream.seek(0)
    try:
        file = ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True)
        return ParquetTable(file, answers=answers, limits=limits)
    except (ArrowException, OSError, ValueError) as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> Exception:
    """A damaged file, in a sentence; a full disk or the like stays what it is."""
    if isinstance(error, OSError) and error.errno:
        return error
    return refuse(_LOCKED if "encrypt" in str(error).lower() else _DAMAGED)


class ParquetTable(Table):
    """The table of a Parquet file; all of its columns become text."""

    def __init__(self, file: Any, *, answers: Answers, limits: Limits) -> None:
        self.understood = Understood(form="parquet", header="schema")
        self._file, self._limits = file, limits
        self._checks = RowChecks(limits, answers)
        self.left_out = self._checks.bad
        schema = file.schema_arrow
        self.columns: list[str] = list(schema.names)
        self._check(file.metadata, schema)
        self._texts = [_texts_of(field.type) for field in schema]
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        if sum(group.num_rows for group in groups) != file.metadata.num_rows:
            raise refuse(_DAMAGED)
        size = sum(group.total_byte_size for group in groups)
        if size > limits.unpacked:
            raise refuse(f"Unpacked this Parquet file has {size:,} bytes; {limits.unpacked:,} are the limit.")
        per_row = size // max(1, file.metadata.num_rows) + 1
        self._batch_rows = max(1, min(_MOST_BATCH_ROWS, _BATCH_BYTES // per_row))

    def _check(self, metadata: Any, schema: Any) -> None:
        limits, names = self._limits, self.columns
        if fault := too_many_columns(len(names), limits):
            raise refuse(fault)
        if metadata.num_rows > limits.rows:
            raise refuse(f"The table has {metadata.num_rows:,} rows; {limits.rows:,} are the limit.")
        if not names:
            raise refuse("The Parquet file has no columns.")
        first = {name: column for column, name in reversed(list(enumerate(names, 1)))}
        problems = [
            Problem(fault, column=column, excerpt=excerpt(names[column - 1]))
            for column, field in enumerate(schema, 1)
            if (fault := _column_fault(field, column, first))
        ]
        if problems:
            raise ReadingError(problems)

    def rows(self) -> Iterator[list[str]]:
        """The rows, once. Raises ReadingError at the end where some are bad."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        from pyarrow import ArrowException

        try:
            for batch in self._batches():
                columns = [texts(column) for texts, column in zip(self._texts, batch.columns, strict=True)]
                yield list(self._good(columns, batch.num_rows))
        except (ArrowException, OSError, ValueError, OverflowError) as error:
            raise _refusal(error) from None
        self._checks.settle()

    def _batches(self) -> Iterator[Any]:
        """Some rows at a time, sound in themselves. Raises ReadingError where they are not as many as the file says.

        Statistics of columns would tell more, but those of a damaged file can end the process (pyarrow 26).
        """
        left = self._file.metadata.num_rows
        for batch in self._file.iter_batches(batch_size=self._batch_rows, use_threads=False):
            batch.validate(full=True)  # UTF-8, places in lists and dictionaries
            left -= batch.num_rows
            yield batch
        if left:
            raise refuse(_DAMAGED)

    def _good(self, columns: list[list[str]], count: int) -> Iterator[list[str]]:
        checks, limits = self._checks, self._limits
        fine = all(max(map(len, cells), default=0) <= limits.cell and "\0" not in "".join(cells) for cells in columns)
        rows = map(list, zip(*columns, strict=True))
        if fine and checks.gives_rows:
            checks.rows += count
            yield from rows
            return
        for row in rows:
            checks.rows += 1
            fault, column = _fault(row, limits)
            if fault:
                self._report(fault, column, row)
            elif checks.gives_rows:
                yield row

    def _report(self, fault: str, column: int, row: list[str]) -> None:
        self._checks.bad_row(fault, None, column, excerpt(row[column - 1]))
        if self._checks.skips:
            if self.left_out.count == 1:
                self.left_out.write_cells(self.columns)
            self.left_out.write_cells(row)


def _column_fault(field: Any, column: int, first: Mapping[str, int]) -> str:
    """Why a column cannot be read; empty where it can. `first`: the first column of each name."""
    if fault := name_fault(field.name, column):
        return fault
    if first[field.name] < column:
        return f"Columns {first[field.name]} and {column} have the same name."
    if _is_binary(field.type):
        kind = str(field.type)
        return f"Column “{field.name}” holds binary data ({kind}), which is no text. Leave it out, or write it as text."
    return ""


def _is_binary(kind: Any) -> bool:
    """Whether there are bytes that are no text in a type, or in what it is made of."""
    from pyarrow import types

    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return True
    if types.is_fixed_size_binary(kind):
        return True
    if types.is_dictionary(kind):
        return _is_binary(kind.value_type)
    return any(_is_binary(kind.field(number).type) for number in range(getattr(kind, "num_fields", 0)))


def _fault(row: list[str], limits: Limits) -> tuple[str, int]:
    for column, cell in enumerate(row, 1):
        if fault := too_long(len(cell), limits) or unfit(cell):
            return fault, column
    return "", 0


def _texts_of(kind: Any) -> Texts:
    """What makes text of a column of that type."""
    from pyarrow import types

    if types.is_dictionary(kind):
        inner = _texts_of(kind.value_type)
        return lambda column: inner(column.dictionary_decode())
    if types.is_floating(kind):
        return lambda column: [_float(text) for text in _cast(column)]
    if types.is_timestamp(kind):
        return lambda column: [_moment(text) for text in _cast(_in_utc(column))]
    if types.is_time(kind):
        return lambda column: [_trimmed(text) for text in _cast(column)]
    if types.is_duration(kind):
        return lambda column: [f"{text} {kind.unit}" if text else "" for text in _cast(column)]
    if types.is_nested(kind) or not (types.is_primitive(kind) or _is_plain(kind)):
        return lambda column: [_nested(value) for value in column.to_pylist()]
    return _cast


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_boolean, types.is_null)
    return types.is_decimal(kind) or any(test(kind) for test in tests)


def _cast(column: Any) -> list[str]:
    from pyarrow import string

    return [text or "" for text in column.cast(string()).to_pylist()]


def _in_utc(column: Any) -> Any:
    """Moments with a zone are written in UTC; those without stay as they are."""
    from pyarrow import timestamp

    return column.cast(timestamp(column.type.unit, "UTC")) if column.type.tz else column


def _float(text: str) -> str:
    """As JSON writes it: `1.0`, not `1`."""
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _moment(text: str) -> str:
    """`2024-01-02 03:04:05.000Z` -> `2024-01-02T03:04:05Z`"""
    plain = text.removesuffix("Z")
    return _trimmed(plain).replace(" ", "T") + text[len(plain) :]


def _trimmed(text: str) -> str:
    """Without noughts behind the seconds."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _nested(value: Any) -> str:
    return "" if value is None else str(value) if isinstance(value, uuid.UUID) else written(_plain(value))


def _plain(value: Any) -> Any:
    """A value as `json_values.written` takes it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        pairs = bool(value) and all(isinstance(item, tuple) and len(item) == 2 for item in value)  # a map
        if pairs and len({str(key) for key, _ in value}) == len(value):
            return {str(key): _plain(item) for key, item in value}
        return [_plain(list(item) if isinstance(item, tuple) else item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | Decimal):
        return Number(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)
