"""How big a file may be: said before, checked while it is read, and named in the error."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from batchsite.datasets import importer
from batchsite.datasets.models import Block, DatasetState
from batchsite.teams.models import Team
from tests.datasets.steps import imported, workbook, zipped

ROWS = b"id,text\n" + b"1,Hello\n" * 20_000


@pytest.fixture
def refusal_of(team: Team, settings: Settings) -> Callable[..., str]:
    """What is said of a file under these limits."""

    def refused(name: str, data: bytes, **limits: Any) -> str:
        settings.OPTIONS = dataclasses.replace(project.OPTIONS, **limits)
        dataset = imported(importer.receive(team, None, SimpleUploadedFile(name, data)))
        assert (dataset.state, dataset.row_count) == (DatasetState.REFUSED, 0)
        assert not Block.objects.exists()
        return " ".join(str(problem["message"]) for problem in dataset.problems)

    return refused


@pytest.mark.parametrize(
    ("name", "data", "limits", "words"),
    [
        ("t.csv", ROWS, {"max_rows": 12_000}, "12,000"),
        ("t.csv", b"a,b,c\n1,2,3\n", {"max_columns": 2}, "3 columns; the limit is 2"),
        ("t.csv", b"id,text\n1," + b"x" * 501 + b"\n", {"max_cell": 500}, "501 characters; the limit is 500"),
        ("t.csv.gz", gzip.compress(ROWS), {"unpacked_bytes": 100_000}, "100,000"),
        ("t.zip", zipped("t.csv", ROWS), {"unpacked_bytes": 100_000}, "100,000"),
        ("t.xlsx", workbook(A=[["id", "text"], *(["1", f"{n} Hello"] for n in range(900))]), {"max_rows": 500}, "500"),
        ("t.jsonl", b'{"id": 1}\n' * 2000, {"max_rows": 1000}, "1,000"),
    ],
    ids=["rows", "columns", "cell", "gzip", "zip", "rows of a sheet", "rows of JSON"],
)  # fmt: skip
def test_the_error_names_the_limit(
    refusal_of: Callable[..., str], name: str, data: bytes, limits: dict[str, Any], words: str
) -> None:
    assert words in refusal_of(name, data, **limits)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.csv", b"%PDF-1.7\nrest", "This is a PDF"),
        ("t.xlsx", b"%PDF-1.7\nrest", "This is a PDF"),
        ("t.csv", b"\0" * 300_000, "binary data"),
        ("t.xlsx", b"PK\x03\x04" + b"\0" * 500, ""),
        ("t.parquet", b"PAR1" + b"\x15" * 500, ""),
        ("t.gz", gzip.compress(ROWS)[:200], ""),
        ("t.zip", zipped("t.csv", ROWS)[:-30], ""),
    ],
    ids=["a PDF", "a PDF as Excel", "NULs", "half an Excel file", "half a Parquet file", "half a gzip", "half a zip"],
)
def test_what_is_no_table_gets_a_sentence(refusal_of: Callable[..., str], name: str, data: bytes, words: str) -> None:
    said = refusal_of(name, data)

    assert words in said
    assert said.endswith((".", "?"))


def test_a_bomb_is_not_unpacked(team: Team) -> None:
    """A thousand times bigger than it is: what it unpacks to is never held."""
    bomb = gzip.compress(ROWS + b"1," + b"x" * 60_000_000)
    dataset = imported(importer.receive(team, None, SimpleUploadedFile("t.csv.gz", bomb)))

    assert dataset.state == DatasetState.REFUSED
    assert "longer than 10,000,000 characters" in str(dataset.problems[0]["message"])
