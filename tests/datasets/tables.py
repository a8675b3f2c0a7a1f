"""Reading a small file in a test, in one line."""

from __future__ import annotations

import io

import pytest

from batchsite.datasets.reading import Limits, Problem, ReadingError, Table, open_table

WIDE = Limits(rows=1000, columns=50, cell=10_000)


def opened(data: bytes | str, limits: Limits = WIDE) -> Table:
    return open_table(io.BytesIO(data.encode() if isinstance(data, str) else data), limits=limits)


def read(data: bytes | str, limits: Limits = WIDE) -> list[list[str]]:
    """Header and rows."""
    table = opened(data, limits)
    return [table.columns, *table.rows()]


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
