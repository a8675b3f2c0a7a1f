"""A table and the outcomes of its rows as files that are built before they are sent: Excel and Parquet.

Rows are written in buffers of 500: XlsxWriter keeps one row in memory, Parquet one group of rows. Uploaded cells and
answers are always text; tokens are whole numbers; the cost is a number in Excel and an exact decimal in Parquet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from batchsite.exports.text_writers import Only, Row, picker, texts_of
from batchsite.recipes.download_columns import OUR_COLUMNS, Fields, column_names

MOST_EXCEL_ROWS = 1_048_576
"""Of a sheet, including the header."""
MOST_EXCEL_COLUMNS = 16_384
MOST_EXCEL_CHARACTERS = 32_767
"""Of a cell."""
CUT = " … (cut: Excel takes no more in a cell; the CSV has all of it)"
GROUP_ROWS = 20_000
"""Rows in a group of a Parquet file, which is kept in memory."""
NUMBERS = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
COST = "cost_usd"

Beat = Callable[[int], None]
"""Called with the number of rows written so far."""


class TooBig(ValueError):
    """The table does not fit this format; the text says why, and what to do."""


def too_many(count: str = "more") -> str:
    """Returns why so many rows do not fit an Excel sheet."""
    room = f"An Excel sheet has room for {MOST_EXCEL_ROWS - 1:,} rows below its header, and there are {count}."
    return f"{room} Choose a range of rows, or another format."


class Builder(Protocol):
    """Writes a whole file to `path`. Raises TooBig."""

    def __call__(
        self, path: Path, columns: Sequence[str], rows: Iterable[Row], fields: Fields, only: Only, beat: Beat
    ) -> None: ...


def build_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Row], fields: Fields, only: Only, beat: Beat) -> None:
    """One sheet; texts are text cells, so that `007` stays `007` and no cell runs as a formula."""
    import xlsxwriter

    names, pick, typed = _plan(columns, fields, only)
    if len(names) > MOST_EXCEL_COLUMNS:
        raise TooBig(f"{len(names):,} columns: an Excel sheet has room for {MOST_EXCEL_COLUMNS:,}. Choose fewer.")
    options = {"constant_memory": True, "tmpdir": str(path.parent), "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("Results")
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for place, name in enumerate(names):
            sheet.write_string(0, place, _fitting(name), bold)
        number = 0
        for some in texts_of(rows, fields):
            for row in some:
                number += 1
                if number >= MOST_EXCEL_ROWS:
                    raise TooBig(too_many())
                _write_row(sheet, number, pick(row), typed)
            beat(number)


def _write_row(sheet: Any, number: int, cells: Sequence[str], typed: Sequence[bool]) -> None:
    for place, cell in enumerate(cells):
        if not cell:
            continue
        if typed[place]:
            sheet.write_number(number, place, float(cell))
        else:
            sheet.write_string(number, place, _fitting(cell))


def _fitting(cell: str) -> str:
    """Cuts a cell to what Excel allows, which counts UTF-16 code units."""
    if len(cell) * 2 <= MOST_EXCEL_CHARACTERS or len(cell.encode("utf-16-le", "replace")) <= 2 * MOST_EXCEL_CHARACTERS:
        return cell
    room = 2 * (MOST_EXCEL_CHARACTERS - len(CUT))
    return cell.encode("utf-16-le", "replace")[:room].decode("utf-16-le", "ignore") + CUT


def build_parquet(
    path: Path, columns: Sequence[str], rows: Iterable[Row], fields: Fields, only: Only, beat: Beat
) -> None:
    """One table in groups of rows: texts, whole numbers, and `cost_usd` as decimal(20, 10)."""
    import pyarrow
    from pyarrow import parquet

    names, pick, _ = _plan(columns, fields, only)
    whole = _typed_names(columns, fields)
    kinds = {COST: pyarrow.decimal128(20, 10), **dict.fromkeys(NUMBERS, pyarrow.int64())}
    types = [kinds.get(whole.get(name, ""), pyarrow.string()) for name in names]
    readers = [_reader(whole.get(name, "")) for name in names]
    schema = pyarrow.schema(list(zip(names, types, strict=True)))

    def group(buffer: Sequence[Sequence[str]]) -> Any:
        cells = zip(*buffer, strict=True)
        arrays = [
            pyarrow.array(list(map(read, column)), kind)
            for column, read, kind in zip(cells, readers, types, strict=True)
        ]
        return pyarrow.record_batch(arrays, schema=schema)

    with parquet.ParquetWriter(str(path), schema, compression="zstd") as writer:
        buffer: list[list[str]] = []
        written = 0
        for some in texts_of(rows, fields):
            buffer += [pick(row) for row in some]
            if len(buffer) >= GROUP_ROWS:
                writer.write_batch(group(buffer))
                written, buffer = written + len(buffer), []
            beat(written + len(buffer))
        if buffer:
            writer.write_batch(group(buffer))


def _reader(kind: str) -> Callable[[str], Any]:
    if kind in NUMBERS:
        return lambda cell: int(cell) if cell else None
    if kind == COST:
        return lambda cell: Decimal(cell) if cell else None
    return _text


def _text(cell: str) -> str:
    """Replaces lone surrogates, which Parquet does not take."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return cell.encode("utf-8", "replace").decode()
    return cell


def _plan(
    columns: Sequence[str], fields: Fields, only: Only
) -> tuple[list[str], Callable[[Sequence[Any]], list[Any]], list[bool]]:
    """Returns (names of the columns to write, the picker of their cells, which of them are numbers)."""
    whole = column_names(columns, fields)
    pick = picker(whole, only)
    numbers = _typed_names(columns, fields)
    names = pick(whole)
    return names, pick, [name in numbers for name in names]


def _typed_names(columns: Sequence[str], fields: Fields) -> dict[str, str]:
    """Returns the number columns of the file as {name in the file: our name}; they differ if ours was taken."""
    ours = column_names(columns, fields)[len(columns) :]
    behind = ours[len(ours) - len(NUMBERS) - 1 :]
    return dict(zip(behind, OUR_COLUMNS[-len(NUMBERS) - 1 :], strict=True))
