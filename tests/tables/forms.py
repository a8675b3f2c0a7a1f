"""Files of all forms, made in a line; and reading them, or what is said against them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from batchsite.tables import Asks, Limits, Problem, Question, ReadingError, Table, open_table

WIDE = Limits(rows=1000, columns=50, cell=10_000, unpacked=10_000_000)


def opened(data: bytes | str, filename: str = "", limits: Limits = WIDE, **answers: str) -> Table:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return open_table(stream, filename=filename, answers=answers, limits=limits)


def read(data: bytes | str, filename: str = "", limits: Limits = WIDE, **answers: str) -> list[list[str]]:
    """Columns and rows."""
    table = opened(data, filename, limits, **answers)
    return [table.columns, *table.rows()]


def refused(data: bytes | str, filename: str = "", limits: Limits = WIDE, **answers: str) -> list[Problem]:
    """The problems of a file that must not be read."""
    with pytest.raises(ReadingError) as caught:
        read(data, filename, limits, **answers)
    assert caught.value.problem_count >= len(caught.value.problems) >= 1
    return caught.value.problems


def sentence(data: bytes | str, filename: str = "", limits: Limits = WIDE, **answers: str) -> str:
    """The one sentence with which a file is refused."""
    problems = refused(data, filename, limits, **answers)
    assert len(problems) == 1
    return problems[0].message


def asked(data: bytes, filename: str = "", **answers: str) -> Question:
    """The one question about a file."""
    with pytest.raises(Asks) as caught:
        read(data, filename, WIDE, **answers)
    assert len(caught.value.questions) == 1
    return caught.value.questions[0]


def workbook(*sheets: Sequence[Sequence[Any]], formats: Mapping[str, str] | None = None) -> openpyxl.Workbook:
    """An Excel file with sheets named A, B, …; number formats by cell of the first."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in zip("ABCDEF", sheets, strict=False):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for place, code in (formats or {}).items():
        book["A"][place].number_format = code
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def excel(*sheets: Sequence[Sequence[Any]], formats: Mapping[str, str] | None = None) -> bytes:
    return saved(workbook(*sheets, formats=formats))


def shared(rows: Sequence[Sequence[str]], formulas: Mapping[str, tuple[str, Any]] | None = None) -> bytes:
    """An Excel file of another program: texts that cells share, results beside formulas."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text)
    for place, (formula, result) in (formulas or {}).items():
        sheet.write_formula(place, formula, None, result)
    book.close()
    return target.getvalue()


def zipped(files: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def changed(archive: bytes, part: str, old: str, new: str) -> bytes:
    """An Excel file with something in one of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(archive)) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    assert old.encode() in parts[part]
    return zipped({**parts, part: parts[part].replace(old.encode(), new.encode())})


def parquet_file(columns: Mapping[str, Any], **options: Any) -> bytes:
    target = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), target, **options)
    return target.getvalue()
