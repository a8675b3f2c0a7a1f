"""What is in the columns of a table, computed as its rows stream by."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.datasets.profile import LONGEST_VALUE, MOST_VALUES, Profiler


def profile(rows: list[list[str]], block: int = 500) -> dict[str, Any]:
    profiler = Profiler([f"c{number}" for number in range(len(rows[0]) if rows else 1)])
    for begin in range(0, len(rows), block):
        profiler.add(rows[begin : begin + block])
    return profiler.profile()


def column(*cells: str, block: int = 500) -> dict[str, Any]:
    found: dict[str, Any] = profile([[cell] for cell in cells], block)["columns"][0]
    return found


@pytest.mark.parametrize("block", [1, 2, 500])
def test_a_column_is_counted_and_measured(block: int) -> None:
    found = column("bb", "", "a", "bb", "cccc", "", block=block)

    assert (found["filled"], found["empty"], found["distinct"], found["distinct_known"]) == (4, 2, 3, True)
    assert found["shortest"] == {"length": 1, "row": 3}
    assert found["longest"] == {"length": 4, "row": 5}
    assert found["mean"] == 2.2
    assert found["values"] == [["bb", 2], ["a", 1], ["cccc", 1]]
    assert found["samples"][0] == "bb"


@pytest.mark.parametrize("block", [1, 2, 500])
def test_cells_of_nothing_but_spaces_are_blank_beside_the_empty_ones(block: int) -> None:
    found = column("a", "b", " \n", "", "c", "\u00a0", block=block)

    assert (found["empty"], found["blank"], found["first_blank"]) == (1, 3, 3)
    assert (column("a")["blank"], column("a")["first_blank"]) == (0, None)


def test_the_profile_can_be_stored() -> None:
    found = profile([["a", "1"], ["", "é"]])
    assert json.loads(json.dumps(found)) == found


def test_an_empty_table_and_an_empty_column_have_a_profile() -> None:
    assert profile([])["columns"][0]["can_be_id"] is False
    found = column("", "")
    assert (found["filled"], found["distinct"], found["shortest"], found["values"]) == (0, 0, None, [])
    assert not found["numbers_only"]


def test_values_are_listed_while_they_are_few_and_short() -> None:
    few = [f"v{number}" for number in range(MOST_VALUES)] * 3
    assert column(*few)["values"] == [[value, 3] for value in few[:MOST_VALUES]]
    assert column("", *few)["values"] == [[value, 3] for value in few[:MOST_VALUES]]
    assert column(*few, "one more")["values"] == []
    assert column(*few, "one more")["distinct"] == MOST_VALUES + 1
    assert column("a", "x" * (LONGEST_VALUE + 1))["values"] == []


ID_FAULTS = {
    ("a", "", "b"): "Row 2 is empty.",
    ("a", "b c"): "Row 2 has a character that ids can’t contain: a space.",
    ("a", "é"): "Row 2 has a character that ids can’t contain: “é”.",
    ("a", "b\nc"): "Row 2 has a character that ids can’t contain: a line end.",
    ("a", "b\u200b"): "Row 2 has a character that ids can’t contain: U+200B.",
    ("a", "x" * 65): "Row 2 has 65 characters; ids can have 64 at most.",
    ("a", "b", "c", "b", "a"): "Row 4 has the same value as an earlier row.",
}


@pytest.mark.parametrize(("cells", "why"), ID_FAULTS.items(), ids=ID_FAULTS.values())
@pytest.mark.parametrize("block", [1, 500])
def test_why_a_column_cannot_be_the_id(cells: tuple[str, ...], why: str, block: int) -> None:
    found = column(*cells, block=block)
    assert (found["can_be_id"], found["why_not_id"]) == (False, why)


def test_a_column_of_different_short_words_can_be_the_id() -> None:
    found = column("a", "B-2", "x_3", "x" * 64)
    assert (found["can_be_id"], found["why_not_id"]) == (True, "")


def test_a_column_of_numbers_is_told_from_one_of_texts() -> None:
    for cells in (["1", "-2.5", "", "1e5"], ["1,234.50", "1.234,50"], ["007"]):
        assert column(*cells)["numbers_only"]
    for cells in (["1", "x"], ["1", " "], ["1\n2"], ["-"]):
        assert not column(*cells)["numbers_only"]


def test_duplicates_of_whole_rows_are_counted() -> None:
    found = profile([["a", "b"], ["ab", ""], ["a", "c"], ["a", "b"], ["a", "b"]])
    assert (found["duplicate_rows"], found["duplicates_known"], found["first_duplicate"]) == (2, True, 4)
    assert profile([["a", "b"], ["a", "c"]])["first_duplicate"] is None


def test_a_long_table_is_counted_exactly() -> None:
    rows = [[str(number), str(number % 70_000), str(number % 5)] for number in range(150_000)]

    found = profile(rows)

    assert [one["distinct"] for one in found["columns"]] == [150_000, 70_000, 5]
    assert [one["can_be_id"] for one in found["columns"]] == [True, False, False]
    assert found["columns"][1]["why_not_id"] == "Row 70,001 has the same value as an earlier row."
    assert found["columns"][2]["values"] == [[str(value), 30_000] for value in range(5)]
    assert found["duplicate_rows"] == 0


def test_beyond_the_bound_numbers_are_estimates_that_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchsite.datasets.profile.MOST_HASHES", 20_000)

    found = profile([[str(number), "x"] for number in range(30_000)])

    first, second = found["columns"]
    assert not first["distinct_known"]
    assert abs(first["distinct"] - 30_000) < 4000
    assert first["can_be_id"] is None
    assert (second["distinct"], second["distinct_known"]) == (1, True)
    assert (found["duplicate_rows"], found["duplicates_known"]) == (0, False)


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "cc", "é\n"]), min_size=2, max_size=2), min_size=1))
def test_it_counts_as_one_would_by_hand(rows: list[list[str]]) -> None:
    found = profile(rows, block=3)

    assert found["duplicate_rows"] == len(rows) - len(set(map(tuple, rows)))
    for one, cells in zip(found["columns"], zip(*rows, strict=True), strict=True):
        filled = [cell for cell in cells if cell]
        assert (one["filled"], one["distinct"]) == (len(filled), len(set(filled)))
        assert dict(one["values"]) == Counter(filled)
