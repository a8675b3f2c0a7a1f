"""What is no CSV at all is refused by what it is."""

from __future__ import annotations

import io
import zipfile

import pytest

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
