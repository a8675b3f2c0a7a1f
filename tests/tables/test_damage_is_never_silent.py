"""Good tables spoilt in one place: the undamaged table, a question, or a refusal by line; never another table."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.tables.damage import KINDS, case, cases, strictly, well_formed
from tests.tables.good_tables import Form, Good, good_tables
from tests.tables.judging import Tally, tallied
from tests.tables.tables import guessed

TABLES = good_tables()
EVERY = int(os.environ.get("DAMAGE_EVERY", "2"))
"""So many cases apart are those that are tried: by day, each table suffers about half of the kinds, and each kind about
half of the tables.
"""


@pytest.fixture(scope="module")
def tally() -> Tally:
    """One seed over all tables and kinds; `benchmarks/damaged_files.py` takes many more."""
    return tallied(itertools.islice(cases(TABLES, range(1)), None, None, EVERY))


def test_no_spoilt_file_is_read_wrong_without_a_word(tally: Tally) -> None:
    assert sum(tally.counts.values()) > 1400 / EVERY
    assert [(case.base.name, case.kind) for case in tally.wrong] == []


def test_refusals_name_the_right_line(tally: Tally) -> None:
    assert tally.named >= 0.95


def test_every_kind_of_damage_happened(tally: Tally) -> None:
    assert set(tally.kinds) == set(KINDS)


@pytest.mark.parametrize("good", TABLES, ids=[good.name for good in TABLES])
def test_the_good_tables_are_read_right(good: Good) -> None:
    keys, (header, *rows) = guessed(good.data)

    legacy = good.form.encoding in {"cp1252", "mac_roman", "cp1250", "cp1251", "cp932"}
    assert set(keys) == ({"encoding"} if legacy else set()) | (set() if good.header else {"header"})
    assert ([header, *rows] if good.header else rows) == good.cells


def test_there_are_forty_tables_and_a_dozen_kinds() -> None:
    assert len(TABLES) >= 40
    assert len(KINDS) >= 12
    assert len({good.data for good in TABLES}) == len(TABLES)


def test_damage_is_the_same_every_time() -> None:
    assert [found.data for found in cases(TABLES[:3], range(2))] == [
        found.data for found in cases(TABLES[:3], range(2))
    ]


# --- the judge itself


def test_the_strict_parser_reads_what_it_should_and_nothing_else() -> None:
    form = Form()
    assert strictly('a,"b ""c"""\n"x\ny",\n', form, uses_quotes=True) == [["a", 'b "c"'], ["x\ny", ""]]
    assert strictly('a,b"c\n', form, uses_quotes=True) is None
    assert strictly('a,b"c\n', form, uses_quotes=False) == [["a", 'b"c']]
    assert strictly('a,"b"c\n', form, uses_quotes=True) is None
    assert strictly('a,"b\n', form, uses_quotes=True) is None
    assert strictly('"a\\"b"\n', Form(backslash=True), uses_quotes=True) == [['a"b']]


def test_a_line_end_within_a_quoted_cell_is_a_well_formed_table() -> None:
    good = Good("quoted", [["a", "b"], ["one two", "3"]], Form(quoting="all"))
    chances = [case(good, "line end added", seed) for seed in range(30)]
    verdicts = [well_formed(found) is not None for found in chances if found]

    assert True in verdicts
    assert False in verdicts
