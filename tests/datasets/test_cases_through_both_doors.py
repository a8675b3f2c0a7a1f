"""Each small case through `runbatch` and through the pages: the same questions, and then the same table or refusal."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from batchsite.batches.models import Batch, Result
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.exports.result_files import FORMS, content
from batchsite.teams.models import Team, User
from tests.datasets.steps import filled, imported
from tests.pipeline import drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[1] / "cases"
Browser = Callable[[User], Client]
QUESTION = "How much do you agree with this sentence? "


@dataclass(frozen=True)
class Case:
    """A file, what it asks in turn with what a person answers, and what comes of it."""

    folder: str
    table: list[list[str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    refusal: str = ""

    @property
    def path(self) -> Path:
        return next((CASES / self.folder).glob("input.*"))


def numbered(folder: str, without: set[int]) -> list[list[str]]:
    """The table of a case, but for the rows of some lines."""
    lines = (CASES / folder / "input.csv").read_text().splitlines()
    good = [line.replace('"', "") for number, line in enumerate(lines, 1) if number not in without]
    return [line.split(",") for line in good]


OPEN_QUOTE, REFUSED_LATER = "33-open-quote-left-out", "34-left-out-then-refused"
EVERY = (
    Case(
        "03-padded-footnote-csv",
        [["id", "name", "city"], ["1", "Ann", "Rome"], ["2", "Bob", "Oslo"], ["3", "Cy", "Bonn"]],
        {"footer": "leave"},
    ),
    Case(
        "05-padded-title-above-texts",
        [["Foo", "Bar", "Baz"], ["Biff", "Baff", "Boff"], ["Qux", "Tea", "Doge"]],
        {"title": "set aside"},
    ),
    Case(
        "07-titles-of-several-filled-cells-xlsx",
        [["Name", "Job", "Age", "City", "Born", "Note"], *[["…"] * 6] * 7],
        {"names": "line 4"},
    ),
    Case(
        "08-encoding-question-one-choice",
        [[*"abcdefg", "name"], [*"1234567", "Zoë"], [*"1234567", "Bo"]],
        {"encoding": "mac_roman"},
    ),
    Case("10-python-dict-lines", refusal="not JSON"),
    Case("12-date-9999", [["id", "valid to"], ["1", "31.12.9999"], ["2", "31.12.2024"]]),
    Case("13-japanese-and-chinese-years", [["id", "date"], *([str(n), "2024-06-01"] for n in range(1, 5))]),
    Case(
        "14-long-integers-xlsx",
        [["tweet", "text"], ["1234567890123456789", "a"], ["1234567890123456788", "b"]],
    ),
    Case("15-inline-string-with-value", [["id", "outline"], ["1", "1."]]),
    Case("16-xlsx-backslash-parts", [["id", "text"], ["1", "x"]]),
    Case("17-parquet-text-as-byte-array", [["id", "name"], ["1", "Ann"], ["2", "Zoë"]]),
    Case(
        "21-question-texts-as-header",
        [["id", f"{QUESTION * 2}How much do…", "age"], ["1", "yes", "30"], ["2", "no", "31"]],
        {"names": "give"},
    ),
    Case(
        "22-qualtrics-three-headers",
        [["StartDate", "Q1", "Q2"], ["2024-01-02 10:00:00", "Ann", "30"], ["2024-01-03 11:00:00", "Bob", "31"]],
        {"below_header": "leave"},
    ),
    Case("26-zero-date", [["id", "closed on"], ["1", "0-Jan-00"]]),
    Case("27-formula-with-empty-inline-text", [["id", "text"], ["1", ""], ["2", "x"]]),
    Case("28-empty-style-attribute", [["id", "text"], ["1", "x"]]),
    Case("rows-inside-one-line", [["id", "text"], ["007", "a, b"], ["8", "c"]], {"inside": "list data"}),
    Case(OPEN_QUOTE, numbered(OPEN_QUOTE, {6, 31}), {"bad_rows": "leave"}, 2),
    Case(REFUSED_LATER, numbered(REFUSED_LATER, {18, 45, 121, 251}), {"bad_rows": "leave"}, 4),
)


def run(*words: str | Path, status: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("runbatch", *map(str, words))
    assert ended.value.code == status


def seen(table: list[list[str]], expected: list[list[str]]) -> list[list[str]]:
    """A table as a case tells of it: where it says …, any cell will do."""
    pairs = [zip(row, told, strict=True) for row, told in zip(table, expected, strict=True)]
    return [["…" if told == "…" else cell for cell, told in row] for row in pairs]


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.folder)
def test_the_command_asks_and_reads_it(
    case: Case, team: Team, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = case.table[0][0] if case.table else "text"
    words: list[str | Path] = [case.path, "--prompt", f"Say {{{{{name}}}}}", "--limit", "2"]
    words += ["--output", tmp_path / "results.csv"]
    for key, value in case.answers.items():
        run(*words, status=2)
        said = capsys.readouterr().err
        assert f"--answer {key}={value}" in said or f"--answer '{key}={value}'" in said
        words += ["--answer", f"{key}={value}"]
    run(*words, status=2 if case.refusal else 0)
    said = capsys.readouterr().err
    if case.refusal:
        assert case.refusal in said
        return
    assert not case.skipped or f"{case.skipped} of the file's {len(case.table) - 1 + case.skipped} rows" in said
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        results = list(csv.DictReader(file))
    names, first = case.table[0], case.table[:3]
    assert seen([names, *([row[name] for name in names] for row in results)], first) == first
    assert {dataset.row_count for dataset in Dataset.objects.filter(state=DatasetState.READY)} == {len(case.table) - 1}
    assert {row["state"] for row in results} == {"succeeded"}


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.folder)
def test_the_pages_ask_and_read_it(case: Case, alice: User, client_of: Browser) -> None:
    client = client_of(alice)
    client.post("/datasets/upload", {"file": SimpleUploadedFile(case.path.name, case.path.read_bytes())})
    dataset = imported(Dataset.objects.get())
    for key, value in case.answers.items():
        page = client.get(reverse("dataset", args=[dataset.pk])).content.decode()
        if key == "bad_rows":
            assert reverse("dataset-leave", args=[dataset.pk]) in page
            client.post(reverse("dataset-leave", args=[dataset.pk]))
        else:
            assert [question["key"] for question in dataset.questions] == [key]
            assert f'name="answer-{key}" value="{escape(value)}"' in page
            client.post(reverse("dataset-answer", args=[dataset.pk]), filled({key: value}))
        dataset = imported(dataset)
    if case.refusal:
        assert dataset.state == DatasetState.REFUSED
        assert case.refusal in client.get(reverse("dataset", args=[dataset.pk])).content.decode()
        return
    assert (dataset.state, dataset.left_out) == (DatasetState.READY, case.skipped)
    table = [dataset.columns, *(list(cells) for _, cells in dataset.rows())]
    assert seen(table, case.table) == case.table


# --- schemas


def schema_of(folder: str) -> Path:
    return CASES / folder / "schema.json"


@pytest.mark.parametrize(("folder", "column"), [("nullable-schema", "city"), ("schema-in-its-envelope", "label")])
def test_a_schema_gives_its_columns_by_the_command_and_by_the_editor(
    folder: str, column: str, alice: User, client_of: Browser, sandbox: Sandbox, tmp_path: Path
) -> None:
    words: list[Any] = [CASES / "nullable-schema" / "input.csv", "--prompt", "Which? {{text}}"]
    run(*words, "--schema", schema_of(folder), "--output", tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        results = list(csv.DictReader(file))
    assert [column in row for row in results] == [True, True]

    client, dataset = client_of(alice), Dataset.objects.get()
    client.post(reverse("batch-new"), {"dataset": dataset.pk})
    draft = Batch.objects.get(state="draft")
    form = {"name": "x", "prompt": "Which? {{text}}", "model": "grok-4.3", "shape_kind": "schema"}
    form |= {"schema": schema_of(folder).read_text()}
    page = client.post(reverse("batch-check", args=[draft.pk]), form, follow=True).content.decode()
    reviewed = re.search(r'name="reviewed" value="(\w+)"', page)
    assert reviewed, page
    client.post(reverse("batch-submit", args=[draft.pk]), {"reviewed": reviewed[1]})
    batch = drive(draft)
    assert (batch.state, batch.succeeded) == ("completed", 2)
    assert column in b"".join(content(batch, FORMS["csv"])).decode().splitlines()[0]
    assert Result.objects.filter(batch=batch, misfit="").count() == 2
