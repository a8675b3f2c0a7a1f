"""Parquet files: every type as text, a batch of rows at a time. Pure.

pyarrow is imported when the first such file is opened: it takes 50 MB of memory and most of a second.
Question: `binary`, about columns with bytes that are no text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from batchsite.tables.cell_faults import too_long, too_many_columns, unfit
from batchsite.tables.column_names import NOTE, given_names
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.parquet_pages import BadHeader, Sizes, page_sizes
from batchsite.tables.formats.parquet_texts import holds_bytes, texts_of
from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_types import (
    LEAVE,
    Answers,
    Asks,
    ByteStream,
    Choice,
    Limits,
    Problem,
    Question,
    ReadingError,
    Table,
    Understood,
)

MAGIC, LOCKED = b"PAR1", b"PARE"
BINARY = "binary"
_BATCH_BYTES, _EXPANDED_BYTES = 4_000_000, 64_000_000
_MOST_BATCH_ROWS = 5000
_BUFFER = 1_000_000
_DAMAGED = "This Parquet file is damaged or incomplete. Write it again, or save the table as CSV."
_TOO_BIG = "This Parquet file needs more memory than there is. Write it with smaller pages, or save the table as CSV."
_LOCKED = "This Parquet file is encrypted. Write it without encryption and upload that file."


def recognises(head: bytes, filename: str) -> bool:
    return head.startswith((MAGIC, LOCKED))


def open_parquet(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Table:
    """The table of a Parquet file. Raises ReadingError, Asks."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    if stream.read(4) == LOCKED:
        raise refuse(_LOCKED)
    stream.seek(0)
    options = {
        "buffer_size": _BUFFER, "pre_buffer": False, "page_checksum_verification": True,
        "coerce_int96_timestamp_unit": "us",  # nanoseconds end in 2262
    }  # fmt: skip
    try:
        file = ParquetFile(stream, **options)
        sizes = page_sizes(stream, file.metadata)
        if wide := _wide_dictionaries(file, sizes):
            stream.seek(0)
            file = ParquetFile(stream, read_dictionary=wide, **options)
        return ParquetTable(file, sizes, answers=answers, limits=limits)
    except (ArrowException, OSError, ValueError, BadHeader) as error:
        raise _refusal(error) from None


def _wide_dictionaries(file: Any, sizes: list[Sizes]) -> list[str]:
    """Paths of text columns whose dictionary is so big that its values must not be repeated row by row."""
    return [
        file.schema.column(number).path
        for number, size in enumerate(sizes)
        if size.dictionary * _MOST_BATCH_ROWS > _EXPANDED_BYTES
        and file.schema.column(number).physical_type == "BYTE_ARRAY"
        and file.schema.column(number).max_repetition_level == 0
    ]


def _refusal(error: Exception) -> Exception:
    """Returns the refusal of a damaged file; an error such as a full disk is raised as it is."""
    if isinstance(error, OSError) and error.errno:
        return error
    if isinstance(error, MemoryError):  # which ArrowMemoryError is
        return refuse(_TOO_BIG)
    return refuse(_LOCKED if "encrypt" in str(error).lower() else _DAMAGED)


class ParquetTable(Table):
    """The table of a Parquet file; all of its columns become text."""

    def __init__(self, file: Any, sizes: list[Sizes], *, answers: Answers, limits: Limits) -> None:
        self.understood = Understood(form="parquet", header="schema")
        self._file, self._limits = file, limits
        self._checks = RowChecks(limits, answers)
        self.left_out = self._checks.bad
        fields = list(file.schema_arrow)
        self._names = [field.name for field in fields]
        self._check(file.metadata)
        self.columns = given_names(self._names)
        if self.columns != self._names:
            self.understood.notes.append(NOTE)
        self._batch_rows = _batch_rows(file.metadata, sizes, limits)
        self._texts = [texts_of(field.type, 2 * limits.cell) for field in fields]
        self._read = list(range(len(fields)))
        """The places of the columns that are read."""
        self.understood.notes.extend(_notes_of_pandas(file.schema_arrow.metadata or {}))
        self._settle_bytes([place for place, field in enumerate(fields) if holds_bytes(field.type)], answers)
        self.typed_columns = [at for at, place in enumerate(self._read) if _is_typed(fields[place].type)]

    def _check(self, metadata: Any) -> None:
        limits, names = self._limits, self._names
        if fault := too_many_columns(len(names), limits):
            raise refuse(fault)
        if metadata.num_rows > limits.rows:
            raise refuse(f"The table has {metadata.num_rows:,} rows; the limit is {limits.rows:,}.")
        if not names:
            raise refuse("The Parquet file has no columns.")
        problems = [
            Problem(fault, column=column, excerpt=excerpt(name))
            for column, name in enumerate(names, 1)
            if (fault := unfit(name))
        ]
        if problems:
            raise ReadingError(problems)

    # --- bytes that nobody has marked as text

    def _settle_bytes(self, places: list[int], answers: Answers) -> None:
        """Bytes are text where all of a column is UTF-8. Raises Asks where it is not, and nobody said what to do."""
        binary = [place for place in places if not self._is_text(place)]
        if texts := [place for place in places if place not in binary]:
            columns = ", ".join(f"“{self.columns[place]}”" for place in texts[:10])
            self.understood.notes.append(
                f"Bytes that are not marked as text, but are UTF-8, are read as text: {columns}."
            )
        if not binary:
            return
        others = [place for place in self._read if place not in binary]
        if answers.get(BINARY) == LEAVE and others:
            left_out = ", ".join(f"“{self.columns[place]}”" for place in binary[:10])
            self.understood.notes.append(f"Columns with binary data are skipped: {left_out}.")
            self._read, self.columns = others, [self.columns[place] for place in others]
            return
        if BINARY in answers or not others:
            raise ReadingError([_binary_problem(self.columns[place], place + 1) for place in binary])
        question = _binary_question(*([self.columns[place] for place in places] for places in (binary, others)))
        raise Asks([question], self.understood)

    def _is_text(self, place: int) -> bool:
        """Whether bytes are UTF-8, and not numbers or the like, most of which have NULs in them."""
        texts = nuls = 0
        try:
            for _, [column] in self._batches_of([place]):
                cells = [cell for cell in self._texts[place](column) if cell]
                texts += len(cells)
                nuls += sum(1 for cell in cells if "\0" in cell)
        except UnicodeDecodeError:
            return False
        return 2 * nuls <= texts

    # --- rows

    def rows(self) -> Iterator[list[str]]:
        """The rows, once. Raises ReadingError at the end where some are bad."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        from pyarrow import ArrowException

        try:
            for batch, columns in self._batches():
                texts = [self._texts[place](column) for place, column in zip(self._read, columns, strict=True)]
                yield from _in_pieces(self._good(texts, batch.num_rows))
        except (ArrowException, OSError, ValueError, OverflowError) as error:
            raise _refusal(error) from None
        self._checks.settle()

    def _batches(self) -> Iterator[tuple[Any, list[Any]]]:
        """Some rows at a time, sound in themselves. Raises ReadingError where they are not as many as the file says.

        Statistics of columns would tell more, but those of a damaged file can end the process (pyarrow 26).
        """
        left = self._file.metadata.num_rows
        for batch, columns in self._batches_of(self._read):
            batch.validate(full=True)  # UTF-8, places in lists and dictionaries
            left -= batch.num_rows
            yield batch, columns
        if left:
            raise refuse(_DAMAGED)

    def _batches_of(self, places: list[int]) -> Iterator[tuple[Any, list[Any]]]:
        """(some rows, the columns of those places); where names are there twice, all columns are read for them."""
        alike = len(set(self._names)) < len(self._names)
        names = None if alike or len(places) == len(self._names) else [self._names[place] for place in places]
        for batch in self._file.iter_batches(self._batch_rows, columns=names, use_threads=False):
            yield batch, [batch.column(at) for at in (range(len(places)) if names else places)]

    def _good(self, columns: list[list[str]], count: int) -> Iterator[list[str]]:
        checks, limits = self._checks, self._limits
        fine = all(
            max(map(len, cells), default=0) <= limits.cell and not any("\0" in cell for cell in set(cells))
            for cells in columns
        )
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


def _notes_of_pandas(metadata: dict[bytes, bytes]) -> Iterator[str]:
    """About an index that pandas has a name for and keeps as a count, not as a column: nothing else reads it."""
    try:
        indexes = json.loads(metadata.get(b"pandas", b"{}"))["index_columns"]
        found = [(index["name"], index["start"], index["step"]) for index in indexes if isinstance(index, dict)]
    except (ValueError, LookupError, TypeError):
        return
    for name, start, step in found:
        if name:
            yield (
                f"The index “{excerpt(str(name))}” of pandas, which counts from {start} in steps of {step}, "
                "is no column of the file. Where it is needed, write the file after reset_index()."
            )


def _batch_rows(metadata: Any, sizes: list[Sizes], limits: Limits) -> int:
    """How many rows are read at a time. Raises ReadingError for more than the limit, or a file that is not sound."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    if sum(group.num_rows for group in groups) != metadata.num_rows:
        raise refuse(_DAMAGED)
    size = sum(int(group.total_byte_size) for group in groups)
    if size > limits.unpacked:
        raise refuse(f"Unpacked this Parquet file has {size:,} bytes; the limit is {limits.unpacked:,}.")
    rows: int = min(_MOST_BATCH_ROWS, _BATCH_BYTES // (size // max(1, metadata.num_rows) + 1))
    for number, column in enumerate(sizes):
        if any("DELTA_BYTE_ARRAY" in group.column(number).encodings for group in groups):  # values share beginnings
            rows = min(rows, _EXPANDED_BYTES // (column.data + 1))
    return max(1, rows)


def _in_pieces(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """The rows, as many together as have a few million characters: whoever takes them may copy them."""
    piece: list[list[str]] = []
    size = 0
    for row in rows:
        piece.append(row)
        size += sum(map(len, row))
        if size > _BATCH_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _is_typed(kind: Any) -> bool:
    """Whether values are numbers, moments or truth values."""
    import pyarrow as pa

    return bool(pa.types.is_primitive(kind) or pa.types.is_decimal(kind))


def _binary_problem(name: str, column: int) -> Problem:
    message = f"Column “{name}” holds binary data, which is not text. Remove the column, or write it as text."
    return Problem(message, column=column, excerpt=excerpt(name))


def _binary_question(binary: list[str], others: list[str]) -> Question:
    names = ", ".join(f"“{excerpt(name)}”" for name in binary[:10])
    holds = "Column {} holds" if len(binary) == 1 else "Columns {} hold"
    return Question(
        BINARY,
        f"{holds.format(names)} binary data, which is not text. Import the other columns?",
        (
            Choice(LEAVE, "Yes: import the other columns", (tuple(excerpt(name) for name in others[:12]),)),
            Choice("refuse", "No: it must be written as text first"),
        ),
        LEAVE,
    )


def _fault(row: list[str], limits: Limits) -> tuple[str, int]:
    for column, cell in enumerate(row, 1):
        if fault := too_long(len(cell), limits) or unfit(cell):
            return fault, column
    return "", 0
