"""How far columns are filled, where the gaps are, and which values a column offers; true, or said to be of a part."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from batchsite.datasets.models import Dataset
from batchsite.datasets.profile import Profiler
from batchsite.pricing import coverage as covering
from batchsite.pricing.coverage import coverage, gaps, values_of
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import Team
from tests.factories import make_dataset

ROWS = [[f"{number}", "" if number % 10 == 3 else "ab"[number % 2], " \n" if number % 4 == 0 else "x" * number]
        for number in range(1, 1201)]  # fmt: skip


@pytest.fixture
def dataset(team: Team) -> Dataset:
    cache.clear()
    return make_dataset(team, ["id", "kind", "text"], ROWS)


@pytest.fixture
def only_600(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "LOOKED_AT", 600)


def profiled(dataset: Dataset, rows: list[list[str]] = ROWS) -> Dataset:
    """With what the import notes of it."""
    profiler = Profiler(dataset.columns)
    profiler.add(rows)
    dataset.profile = profiler.profile()
    return dataset


def upto(last: int) -> RowSet:
    return RowSet([[1, last]])


def test_every_column_says_in_how_many_rows_it_holds_something(dataset: Dataset) -> None:
    found = coverage(dataset)
    assert [(one.name, one.words) for one in found.columns] == [
        ("id", "1,200 of 1,200"),
        ("kind", "1,080 of 1,200"),
        ("text", "900 of 1,200"),
    ]
    assert found.scope == ""
    assert [one.repeats for one in found.columns] == [False, True, False]


@pytest.mark.usefixtures("only_600")
def test_of_a_big_dataset_the_first_rows_are_measured_and_that_is_said(dataset: Dataset) -> None:
    found = coverage(dataset)
    assert [one.words for one in found.columns] == ["600 of 600", "540 of 600", "450 of 600"]
    assert found.scope == "of the first 600 rows"


@pytest.mark.usefixtures("only_600")
def test_what_the_import_noted_is_true_to_the_last_row(dataset: Dataset) -> None:
    found = coverage(profiled(dataset))
    assert [one.words for one in found.columns] == ["1,200 of 1,200", "1,080 of 1,200", "900 of 1,200"]
    assert [one.repeats for one in found.columns] == [False, True, False]
    assert found.scope == ""
    alone = gaps(dataset, [0, 1], upto(1200))
    assert (alone.count, alone.first) == ("120", (3, 13, 23, 33, 43))


@pytest.mark.usefixtures("only_600")
def test_rows_that_lack_one_of_several_values_have_bounds_where_not_all_were_looked_at(dataset: Dataset) -> None:
    # Rows may lack both: the counts of two columns do not tell how many rows lack one.
    found = gaps(profiled(dataset), [1, 2], upto(1200))
    truth = sum(not row[1] or not row[2].strip() for row in ROWS)
    assert found.least <= truth <= found.most
    assert (found.count, found.scope) == ("300 to 420", "of the first 600 rows")


@pytest.mark.usefixtures("only_600")
def test_a_gap_far_down_is_known_and_can_be_gone_to(team: Team) -> None:
    rows = [["x", " " if number == 1100 else "y"] for number in range(1, 1201)]
    dataset = profiled(make_dataset(team, ["a", "b"], rows), rows)
    assert (gaps(dataset, [0, 1], upto(1200)).count, gaps(dataset, [0, 1], upto(1200)).first) == ("1", (1100,))
    assert gaps(dataset, [0], upto(1200)).most == 0
    assert gaps(dataset, [1], upto(1150)).count == "0 to 1"


@pytest.mark.usefixtures("only_600")
def test_without_a_profile_the_rest_may_all_have_gaps(dataset: Dataset) -> None:
    assert gaps(dataset, [1], upto(1200)).count == "60 to 660"


def test_rows_with_a_gap_are_counted_once_and_the_first_are_named(dataset: Dataset) -> None:
    found = gaps(dataset, [1, 2], upto(1200))
    assert found.least == found.most == sum(not row[1] or not row[2].strip() for row in ROWS)
    assert found.first == (3, 4, 8, 12, 13)
    assert (found.shortest, found.longest) == (1, 1199)


def test_only_the_rows_that_are_sent_count(dataset: Dataset) -> None:
    found = gaps(dataset, [1], upto(10))
    assert (found.count, found.first, found.scope) == ("1", (3,), "")
    some = gaps(profiled(dataset), [1, 2], RowSet([[5, 7], [13, 16], [1199, 1200]]))
    assert (some.count, some.first) == ("3", (13, 16, 1200))
    assert (some.shortest, some.longest) == (5, 1199)


def test_a_column_without_gaps_has_none(dataset: Dataset) -> None:
    assert (gaps(dataset, [0], upto(1200)).count, gaps(dataset, [0], upto(1200)).first) == ("0", ())


def test_figures_are_remembered_for_a_dataset_and_for_no_other(dataset: Dataset, team: Team) -> None:
    coverage(dataset)
    other = make_dataset(team, ["id", "kind", "text"], ROWS[:5])
    assert coverage(other).columns[0].words == "5 of 5"
    dataset.blocks.all().delete()
    assert coverage(dataset).columns[0].words == "1,200 of 1,200"


# ---- values ----------------------------------------------------------------------------------------------


def test_the_values_of_a_column_are_offered_without_the_empty_one(dataset: Dataset) -> None:
    assert values_of(dataset, "kind") == (["a", "b"], "")


@pytest.mark.parametrize(
    ("column", "words"), [("id", "“id” has more than 500 unique values"), ("none", "“none” is empty")]
)
def test_what_is_no_list_to_choose_from_is_refused_in_words(column: str, words: str, team: Team) -> None:
    dataset = make_dataset(team, ["id", "none"], [[row[0], ""] for row in ROWS])
    with pytest.raises(ValueError, match=words):
        values_of(dataset, column)


@pytest.mark.usefixtures("only_600")
def test_values_of_a_part_are_said_to_be_that(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "LOOKED_AT", 100)
    assert values_of(dataset, "kind") == (["a", "b"], "of the first 500 rows")


def test_values_that_the_import_lists_in_full_are_taken_from_there(dataset: Dataset) -> None:
    profiled(dataset).blocks.all().delete()
    assert values_of(dataset, "kind") == (["a", "b"], "")
