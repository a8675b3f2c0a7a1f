"""`runbatch` with a schema, with chosen rows, without empty ones."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.wording import TICKS_PER_DOLLAR
from tests.pipeline import check_books
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
SCHEMA = (
    '{"type":"object","properties":{"word":{"type":"string"},"good":{"type":"boolean"}},"required":["word","good"]}'
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "tickets.csv"
    file.write_text("text\n" + "".join(f"Question {row}\n" if row % 3 else '" "\n' for row in range(1, 13)))
    return file


def run(*words: Any, status: int = 0) -> Batch | None:
    with pytest.raises(SystemExit) as ended:
        call_command("runbatch", *map(str, words))
    assert ended.value.code == status
    return Batch.objects.first()


def test_the_fields_of_a_schema_are_columns(table: Path, sandbox: Sandbox) -> None:
    schema, output = table.with_name("schema.json"), table.with_name("results.csv")
    schema.write_text(SCHEMA)
    batch = run(table, "--prompt", "Rate: {{text}}", "--schema", schema, "--output", output)

    assert batch
    check_books(batch, sandbox)
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert all(json.loads(row["answer"])["word"] == row["word"] for row in rows)
    assert {row["good"] for row in rows} <= {"true", "false"}
    assert {row["warning"] for row in rows} == {""}


def test_only_the_rows_that_are_named(table: Path, sandbox: Sandbox) -> None:
    batch = run(table, "--prompt", "Rate: {{text}}", "--rows", "2-4, 7")

    assert batch
    check_books(batch, sandbox)
    assert list(batch.rows) == [2, 3, 4, 7]


def test_rows_with_nothing_in_them_are_left_out(table: Path, sandbox: Sandbox) -> None:
    batch = run(table, "--prompt", "Rate: {{text}}", "--skip-empty")

    assert batch
    check_books(batch, sandbox)
    assert (batch.succeeded, batch.skipped) == (8, 4)


def test_it_stops_at_a_cap_and_continues_with_a_higher_one(
    table: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text("text\n" + "".join(f"Question {row}\n" for row in range(60)))
    whole = run(table, "--prompt", "Rate: {{text}}")
    assert whole
    cap = f"{Decimal(whole.cost_ticks) * 3 / 5 / TICKS_PER_DOLLAR:.4f}"
    sandbox.reset()

    run(table, "--prompt", "Rate: {{text}}", "--cap", cap, status=3)
    batch = Batch.objects.latest("pk")
    assert batch.held_for == HeldFor.CAP
    assert 0 < batch.succeeded < 60
    assert f"--resume {batch.pk} --cap" in capsys.readouterr().out
    run("--resume", batch.pk, "--cap", cap, status=2)

    run("--resume", batch.pk, "--cap", "1")
    batch.refresh_from_db()
    assert batch.succeeded == 60
    check_books(batch, sandbox)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rows", "9-3"], "--rows: “9-3” starts after its end."),
        (["--rows", ","], "--rows names no row"),
        (["--rows", "1-99"], "the dataset has rows 1 to 12"),
        (["--rows", "1", "--limit", "2"], "either --limit or --rows"),
        (["--cap", "0"], "Nothing could be sent at $0"),
        (["--schema", "{folder}/none.json"], "cannot be read"),
        (["--schema", "{folder}/tickets.csv"], "This is not JSON: "),
    ],
)
def test_a_choice_that_cannot_be_is_refused_before_anything_is_sent(
    words: list[str], told: str, table: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [word.format(folder=table.parent) for word in words]
    run(table, "--prompt", "Rate: {{text}}", *asked, status=2)

    assert told in capsys.readouterr().err
    assert sandbox.batches() == []
