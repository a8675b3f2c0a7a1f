"""What is no CSV at all is refused by what it is."""

from __future__ import annotations

import pytest

from tests.tables.tables import problem

OTHERS = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "png": (b"\x89PNG\r\n\x1a\n", "a picture"),
    "html": (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a web page"),
    "table": (b"\n<table border=1><tr>", "a web page"),
    "xml": (b'\xef\xbb\xbf<?xml version="1.0"?><rows/>', "an XML file"),
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
