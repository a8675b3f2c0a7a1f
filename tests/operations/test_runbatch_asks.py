"""`runbatch` with a file that can be read in more than one way, or that has bad rows: words, and a way to answer."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.datasets.steps import LATIN
from tests.operations.conftest import Place

ASKED = ("--prompt", "Where is {{city}}?")


@pytest.fixture
def latin(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_bytes(LATIN)
    return path


def test_what_a_file_asks_is_said_with_the_answers_to_choose_from(place: Place, latin: Path) -> None:
    done = place.manage("runbatch", str(latin), *ASKED)

    assert done.returncode == 2
    assert "Which of these looks right?" in done.stderr
    assert "--answer encoding=cp1252  Western European (Windows-1252) (the likeliest)" in done.stderr
    assert "Müller | Zürich" in done.stderr
    assert place.sql("SELECT state FROM datasets_dataset") == [("asking",)]
    assert place.sql("SELECT count(*) FROM batches_batch") == [(0,)]


def test_with_the_answer_it_runs(place: Place, latin: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    done = place.manage("runbatch", str(latin), *ASKED, "--answer", "encoding=cp1252", "--output", str(output))

    assert done.returncode == 0, done.stderr
    with output.open(newline="", encoding="utf-8") as file:
        assert [row["city"] for row in csv.DictReader(file)] == ["Zürich", "Genève", "Malmö"]


def test_good_rows_are_taken_where_one_says_so(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("id,city,land\n1,Bern,CH\n2,Chur\n3,Basel,CH\n")
    refused = place.manage("runbatch", str(path), *ASKED)
    done = place.manage("runbatch", str(path), *ASKED, "--answer", "bad_rows=leave")

    assert refused.returncode == 2
    assert "line 3: 2 cells where the header has 3." in refused.stderr
    assert "To skip 1 of 3 rows and import the other 2: --answer bad_rows=leave" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert "1 of the file's 3 rows was skipped, as you chose." in done.stderr
    assert place.sql("SELECT total, succeeded FROM batches_batch") == [(2, 2)]


@pytest.mark.parametrize("answer", ["encoding", "=cp1252", "encoding="])
def test_what_is_no_answer_is_told(place: Place, latin: Path, answer: str) -> None:
    done = place.manage("runbatch", str(latin), *ASKED, "--answer", answer)

    assert done.returncode == 2
    assert f"--answer {answer}: write KEY=VALUE" in done.stderr
    assert place.sql("SELECT count(*) FROM datasets_dataset") == [(0,)]


def test_on_a_new_installation_it_makes_the_database_itself(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("id,city\n1,Bern\n2,Chur\n")
    place.database.unlink()
    done = place.manage("runbatch", str(path), *ASKED)

    assert done.returncode == 0, done.stderr
    assert place.sql("SELECT total, succeeded FROM batches_batch") == [(2, 2)]


def test_the_database_of_another_version_is_left_as_it_is(place: Place, latin: Path) -> None:
    last = "SELECT max(name) FROM django_migrations WHERE app = 'batches'"
    place.sql(f"DELETE FROM django_migrations WHERE app = 'batches' AND name = ({last})")
    done = place.manage("runbatch", str(latin), *ASKED)

    assert done.returncode == 1
    assert "The database is not prepared for this version. Run: manage.py migrate" in done.stderr
