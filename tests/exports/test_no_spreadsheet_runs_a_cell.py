"""No cell of a table for people runs as a formula, whichever way a spreadsheet splits the file."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchsite.datasets.problem_report import COLUMNS, problems_csv
from batchsite.exports.text_writers import RowOutcome, csv_exact, csv_excel
from batchsite.tables.formulas import harmless_row, without_formulas

Table = list[list[str]]
RUNS = re.compile(r"[\s\ufeff\u200b\x00]*[=+\-@＝＋－＠﹦﹢﹣﹫]")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?")
FORMULAS = [
    "=1+1", "x;=1+1;y", 'x;"=1+1";y', 'x";=1+1', ";=1", "x\t=1\ty", "x|@SUM(A1)|y", "a\n=1+1", "a\r\n-2+3\r\nb",
    "x; +cmd|' /C calc'!A0", "x;;;\n\n =1", "x;＝1+1", "x;\u00a0=1", "\ufeff=1", " =1+1", "-5;=1", "x;-5", "x;-5;-6+A1",
    "\x00=1", "x;\x00=1", 'x;"""=1', "x\x0b=1", "x\u2028=1", "x;'=1", "x;=1;=2;=3", "a\r=1",
]  # fmt: skip


def read(text: str, delimiter: str) -> Table:
    """As Excel, LibreOffice, Numbers and Google Sheets do, each with the separator of its settings or its guess."""
    csv.field_size_limit(10**7)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def torn(text: str, delimiter: str) -> Table:
    """Without regard to quotes, as when text is pasted or split into columns."""
    return [[cell.strip('"') for cell in line.split(delimiter)] for line in text.splitlines()]


READERS: list[Callable[[str, str], Table]] = [read, torn]


def running(table: Table) -> list[str]:
    """Cells that would run. A number with blanks or what we wrote behind it (`-5 `, `-5,"text"`) is no formula."""
    numbers = re.compile(NUMBER.pattern + r' *"?(,.*)?', re.DOTALL)
    return [cell for row in table for cell in row if RUNS.match(cell) and not numbers.fullmatch(cell)]


def for_excel(rows: Iterable[Sequence[str]]) -> str:
    answered = ((list(cells), RowOutcome("r-1", "succeeded", answer=cells[-1], error=cells[0])) for cells in rows)
    return b"".join(csv_excel(["id", "x;=2+2"], answered)).decode("utf-8-sig")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_results_for_excel_hold_no_formula_for_any_separator(formula: str, delimiter: str) -> None:
    text = for_excel([["1", formula], [formula, "2"]])

    assert running(read(text, delimiter)) == []
    if delimiter != ",":
        assert running(torn(text, delimiter)) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_the_report_of_problems_holds_no_formula_for_any_separator(formula: str, delimiter: str) -> None:
    problem = {"line": 2, "row": None, "column": formula, "message": f"Cannot read {formula}", "excerpt": formula}

    text = problems_csv([problem])

    assert running(read(text, delimiter)) == []
    assert read(text, ",")[0] == list(COLUMNS)


PARTS = st.sampled_from(
    ["=1", "-2+A1", "@x", "+", "-5", "＝1", ";", "\t", "|", "\n", "\r\n", '"', ",", " ", "a", "\x1f", "\u2003", "\0"]
)
CELL = st.lists(PARTS, max_size=8).map("".join)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=3))
@example([("a;", "=1")])
@example([('a";"', '";=1')])
@example([("", ";-5 ;")])
@example([("-5", ";")])
@example([("", ";-5\x1f;")])
def test_no_mixture_of_separators_quotes_and_formulas_runs(rows: list[tuple[str, str]]) -> None:
    text = for_excel(rows)

    for delimiter in (",", ";", "\t", "|"):
        for reader in READERS if delimiter != "," else [read]:
            assert running(reader(text, delimiter)) == []


@given(CELL)
def test_only_apostrophes_are_added(cell: str) -> None:
    [guarded] = without_formulas([cell])

    assert guarded.replace("'", "") == cell
    assert without_formulas([guarded]) == [guarded]


@given(st.lists(CELL, min_size=1, max_size=4))
@example(["-5\x1f;"])
@example(["-5", "-5.5", "a;-5"])
@example(["a;", "=1"])
@example(["\t1"])
def test_a_row_looked_at_as_a_whole_is_guarded_like_its_cells(cells: list[str]) -> None:
    assert [*harmless_row(cells)] == without_formulas(cells)


@pytest.mark.parametrize(
    "cell",
    [
        "52.5, -1.3",
        "1;-5;3",
        "a - b",
        "mail@example.org",
        "x=1",
        "f(a, -b)",
        "-5",
        "-1,234.50",
        "+3.25",
        '{"a": -1}',
        "a; b",
    ],
)
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert without_formulas([cell]) == [cell]


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=3))
def test_programs_read_back_from_exact_csv_what_was_in_the_cells(rows: list[tuple[str, str]]) -> None:
    text = b"".join(csv_exact(["id", "text"], ((cells, RowOutcome("r", "pending")) for cells in rows))).decode()

    assert [tuple(row[:2]) for row in read(text, ",")[1:]] == rows


@pytest.mark.parametrize("piece", ["\n", ";-5", ';"', " ", "=", "\n- item", "1,"])
def test_the_guard_takes_time_in_proportion_to_a_cell(piece: str) -> None:
    def seconds(length: int) -> float:
        cell = piece * (length // len(piece))
        begun = time.process_time()
        harmless_row([cell])
        without_formulas([cell])
        return time.process_time() - begun

    seconds(1000)
    assert seconds(400_000) < 16 * seconds(100_000) + 0.05
