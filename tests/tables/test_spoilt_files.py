"""Files of every format with rows that are no data, or bytes that are damaged: nothing is wrong without a word.

Every choice that is offered leads to a table, to another question or to a refusal by name; rows taken and rows skipped
are those of the file.
"""

from __future__ import annotations

import io
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from batchsite.tables import Asks, Limits, ReadingError, Table, open_table
from tests.tables.forms import excel
from tests.tables.spoilt_files import BYTES, FORMS, ROWS, Spoilt, spoilt_files

EVERY = 2 * int(os.environ.get("DAMAGE_EVERY", "2"))
LIMITS = Limits(rows=100_000, columns=500, cell=1_000_000, unpacked=10_000_000)
ENDINGS = {"json lines": "jsonl", "excel": "xlsx", "excel, shared texts": "xlsx"}
MOST_QUESTIONS = 6
Answers = dict[str, str]
Read = tuple[Table, list[list[str]]]


def tried() -> Iterator[Spoilt]:
    return itertools.islice(spoilt_files(range(1)), None, None, EVERY)


def read(spoilt: Spoilt, answers: Answers) -> Read | Asks | ReadingError:
    name = f"table.{ENDINGS.get(spoilt.form, spoilt.form)}"
    try:
        table = open_table(io.BytesIO(spoilt.data), filename=name, answers=answers, limits=LIMITS)
        return table, list(table.rows())
    except (Asks, ReadingError) as raised:
        return raised


def guessed(spoilt: Spoilt, answers: Answers) -> tuple[Read | ReadingError, Answers]:
    """What comes of it where every further guess is accepted."""
    for _ in range(MOST_QUESTIONS):
        found = read(spoilt, answers)
        if not isinstance(found, Asks):
            return found, answers
        answers = answers | {question.key: question.guess for question in found.questions}
    raise AssertionError(f"{spoilt.name} never stops asking: {answers}")


def cells(found: Read) -> list[list[str]]:
    return [found[0].columns, *found[1]]


def test_nothing_is_wrong_without_a_word_and_the_guess_is_right() -> None:
    seen, wrong = Counter[str](), list[str]()
    for spoilt in tried():
        seen[spoilt.form] += 1
        seen[spoilt.kind] += 1
        found = read(spoilt, {})
        if isinstance(found, tuple) and cells(found) != spoilt.cells:
            wrong.append(f"{spoilt.name}: silently wrong")
        if isinstance(found, Asks) and spoilt.kind in ROWS:
            if found.questions[0].key == "header":  # two columns of texts: whether there are names is asked first
                found = read(spoilt, {"header": "first row"})
                assert isinstance(found, Asks)
            came, _ = guessed(spoilt, {question.key: question.guess for question in found.questions})
            if isinstance(came, ReadingError) or cells(came) != spoilt.cells:
                wrong.append(f"{spoilt.name}: the guess is wrong")
    assert wrong == []
    assert seen.keys() == {*FORMS, *ROWS, *BYTES}


def test_every_choice_leads_somewhere_and_rows_add_up() -> None:
    skips = 0
    for spoilt in tried():
        first = read(spoilt, {})
        ways: list[Answers] = [{}]
        if isinstance(first, Asks):
            [question, *_] = first.questions
            values = [choice.value for choice in question.choices]
            assert question.guess in values, spoilt.name
            assert len(set(values)) == len(values), spoilt.name
            ways = [{question.key: value} for value in values]
        for way in ways:
            came, answers = guessed(spoilt, way)
            if isinstance(came, ReadingError) and came.can_skip:
                skips += 1
                adds_up(spoilt, came, answers, unasked=not way)
    assert skips > 120 / EVERY


FOREIGN = (
    "ggge年m月d日", "[$-411]ge.m.d", "e/m/d", "bbbb-mm-dd", "d/m/bbbb", "m/d(aaa)", "yyyy-mm-dd aaaa",
    "åååå-MM-DD", "TT.MM.JJJJ", "jj/mm/aaaa", "dd/mm/aaaa", "rrrr-mm-dd", "ДД.ММ.ГГГГ", "ηη/μμ/εεεε",
    "pp.kk.vvvv", "[$-107041E]d mmmm yyyy", "[$-2010401]d/mm/yyyy", "[$-1170000]B2dd/mm/yyyy",
    "[$-40D]dd mmmm yyyy", "[DBNum1][$-804]General", "nnnn",
)  # fmt: skip


@pytest.mark.parametrize("code", FOREIGN)
def test_foreign_number_formats_give_a_date_or_a_number_and_a_note(code: str) -> None:
    rows: list[list[Any]] = [["id", "when"], *([f"r{n}", 45_444 + n] for n in range(5))]
    table = open_table(io.BytesIO(excel(rows, formats={f"B{n}": code for n in range(2, 7)})), limits=LIMITS)
    shown = [row[1] for row in table.rows()]
    assert shown in ([f"2024-06-0{n}" for n in range(1, 6)], [str(45_444 + n) for n in range(5)])
    assert table.understood.notes


def adds_up(spoilt: Spoilt, refusal: ReadingError, answers: Answers, *, unasked: bool) -> None:
    """Skipping the bad rows is no dead end, and takes none that the good table does not have."""
    came, given = guessed(spoilt, answers | {"bad_rows": "leave"})
    assert isinstance(came, tuple), f"{spoilt.name}: {came}"
    table, rows = came
    more = len(table.understood.set_aside) if given.keys() - answers.keys() - {"bad_rows"} else 0
    assert len(rows) + table.left_out.count + more == refusal.rows, spoilt.name
    if unasked:
        left = iter(spoilt.cells[1:])
        assert all(any(row == other for other in left) for row in rows), spoilt.name
