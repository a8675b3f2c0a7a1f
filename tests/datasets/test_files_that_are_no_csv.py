"""What is no CSV at all is refused by what it is."""

from __future__ import annotations

import io
import zipfile

import pytest

from batchsite.datasets.reading.sniffing import find_delimiter
from tests.datasets.tables import problem


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


OTHERS = {
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel file"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "an old Excel file"),
    "zip": (zipped("table.csv"), "a zip archive"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
    "parquet": (b"PAR1\x15\x04", "a Parquet file"),
    "png": (b"\x89PNG\r\n\x1a\n", "a picture"),
    "html": (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a web page"),
    "table": (b"\n<table border=1><tr>", "a web page"),
    "xml": (b'\xef\xbb\xbf<?xml version="1.0"?><rows/>', "an XML file"),
    "json": (b'[\n {"id": 1}\n]', "a JSON file"),
    "jsonl": (b'{"id": 1}\n{"id": 2}\n', "a JSON file"),
    "utf-16": ("id,text\n1,a\n".encode("utf-16"), "UTF-16"),
    "utf-16 without mark": ("id,text\n1,a\n".encode("utf-16-le"), "UTF-16"),
    "utf-32": ("id,text\n1,a\n".encode("utf-32"), "UTF-32"),
    "noughts": (b"\0" * 10_000, "binary data"),
}


@pytest.mark.parametrize(("data", "name"), OTHERS.values(), ids=OTHERS.keys())
def test_it_is_refused_by_what_it_is(data: bytes, name: str) -> None:
    found = problem(data)

    assert found.message.startswith(f"This is {name}")
    assert "CSV" in found.message


@pytest.mark.parametrize("data", [b"", b"\n \n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert problem(data).message == "The file is empty."


def test_the_header_tells_the_delimiter_where_rows_are_ragged() -> None:
    """Every row has a decimal comma, and some lost a semicolon."""
    rows = "".join(f"{number};1,50\n" if number % 5 else f"{number} 1,50\n" for number in range(40))

    assert find_delimiter("id;price\n" + rows, whole=True) == ";"


def test_a_record_that_the_sample_cuts_does_not_count() -> None:
    cut = "a;b,c\n1;2,3\n4;5"

    assert find_delimiter(cut, whole=False) == ","
    assert find_delimiter(cut, whole=True) == ";"


def test_a_delimiter_is_a_comma_where_nothing_tells() -> None:
    assert find_delimiter("", whole=True) == ","
    assert find_delimiter("text\nhello\n", whole=True) == ","
