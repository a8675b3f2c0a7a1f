"""Reading a small file in a test, in one line."""

from __future__ import annotations

import io

import pytest

from batchsite.tables import Answers, Asks, Limits, Problem, Question, ReadingError, Table, open_table

WIDE = Limits(rows=20_000, columns=50, cell=10_000)


def opened(data: bytes | str, limits: Limits = WIDE, answers: Answers | None = None) -> Table:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return open_table(stream, answers=answers or {}, limits=limits)


def read(data: bytes | str, limits: Limits = WIDE, answers: Answers | None = None) -> list[list[str]]:
    """Header and rows."""
    table = opened(data, limits, answers)
    return [table.columns, *table.rows()]


def asked(data: bytes | str, answers: Answers | None = None) -> list[Question]:
    """The questions that a file leads to."""
    with pytest.raises(Asks) as caught:
        read(data, answers=answers)
    return caught.value.questions


def guessed(data: bytes | str) -> tuple[list[str], list[list[str]]]:
    """(keys of the questions, header and rows) where every guess is accepted."""
    answers: dict[str, str] = {}
    for _ in range(9):
        try:
            return list(answers), read(data, answers=answers)
        except Asks as asks:
            answers.update({question.key: question.guess for question in asks.questions})
    raise AssertionError(f"It never stops asking: {answers}")


def refused(data: bytes | str, limits: Limits = WIDE) -> ReadingError:
    """The refusal of a file that must not be read."""
    with pytest.raises(ReadingError) as caught:
        read(data, limits)
    return caught.value


def problem(data: bytes | str, limits: Limits = WIDE) -> Problem:
    """The only problem of a file."""
    error = refused(data, limits)
    assert error.problem_count == len(error.problems) == 1
    return error.problems[0]
