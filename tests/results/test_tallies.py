"""Sums over rows: the same in any pieces, in bounded memory, and the codes by which rows are found again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.results.agreement import agreement
from batchsite.results.summary_charts import edges_of
from batchsite.results.tallies import (
    FIRST,
    MOST,
    NO_ANSWER,
    NO_VALUE,
    OTHER,
    Seen,
    Tally,
    Values,
    bin_of,
    load,
    packed,
    places,
    unpacked,
)

LABELS = st.sampled_from(["lost", "late", " Lost ", "", "x" * 300])
ROWS = st.lists(
    st.builds(
        Seen,
        st.one_of(st.none(), st.fixed_dictionaries({"intent": LABELS}), st.just({})),
        st.integers(0, 5000),
        st.integers(0, 10**9),
        st.integers(0, 300),
        LABELS,
    )
)


def tally() -> Tally:
    return Tally({"intent": Values()}, "intent")


@given(ROWS, st.integers(1, 7))
def test_in_pieces_and_written_down_in_between_it_counts_the_same(rows: list[Seen], size: int) -> None:
    whole, pieces = tally(), tally()
    codes = whole.add(rows)
    parts: dict[str, bytes] = dict.fromkeys(codes, b"")
    for start in range(0, len(rows), size):
        some = pieces.add(rows[start : start + size])
        parts = {name: parts[name] + some[name] for name in parts}
        pieces = load(orjson.loads(orjson.dumps(pieces.dump())))
    assert parts == codes
    assert orjson.dumps(pieces.dump()) == orjson.dumps(whole.dump())


@given(ROWS)
def test_codes_find_the_rows_again(rows: list[Seen]) -> None:
    sums = tally()
    codes = {name: unpacked(packed(data)) for name, data in sums.add(rows).items()}
    for value, code in sums.fields["intent"].codes.items():
        found = list(places(codes["field intent"], code))
        assert found == [place for place, row in enumerate(rows) if row.values and row.values.get("intent") == value]
    right = list(places(codes["agrees"], 1))
    assert right == [
        place
        for place, row in enumerate(rows)
        if row.values is not None
        and row.expected.strip()
        and row.values.get("intent", "").strip().casefold() == row.expected.strip().casefold()
    ]
    assert len(right) == sums.right


def test_values_beyond_the_bound_are_others() -> None:
    values = Values()
    codes = [values.add(f"value {number}") for number in range(400)]
    assert codes[:MOST] == list(range(FIRST, 256))
    assert set(codes[MOST:]) == {OTHER}
    assert sum(values.counts) == 400
    assert values.add("value 7") == FIRST + 7
    assert values.add("") == NO_VALUE


def test_a_row_without_an_answer_has_the_code_of_none() -> None:
    assert tally().add([Seen(None, 0, 0, 0, "lost")])["field intent"] == bytes([NO_ANSWER])


@pytest.mark.parametrize(("value", "start"), [(0, 0), (999, 999), (1000, 1000), (1009, 1000), (123_456, 123_000)])
def test_bins_are_narrow(value: int, start: int) -> None:
    assert bin_of(value) == start


@given(st.dictionaries(st.integers(0, 10**9), st.integers(1, 50), min_size=1, max_size=60))
def test_bars_take_in_every_number(values: dict[int, int]) -> None:
    bins = Counter[int]()
    for value, rows in values.items():
        bins[bin_of(value)] += rows
    edges = edges_of(dict(bins))
    assert edges == sorted(set(edges))
    assert edges[0] <= min(values) <= max(values) < edges[-1]
    assert len(edges) <= 24


def test_agreement_is_told_over_all_per_class_and_by_pairs() -> None:
    pairs = [("lost", "lost")] * 6 + [("Lost", "late ")] * 3 + [("late", "late")] * 4 + [("late", "")] * 1
    sums = tally()
    sums.add([Seen({"intent": given}, 1, 1, 1, wanted) for wanted, given in pairs])
    sums.add([Seen(None, 0, 0, 0, "lost"), Seen({"intent": "lost"}, 1, 1, 1, "")])
    found: Any = agreement(sums)
    assert (found.right, found.counted, found.accuracy) == (10, 14, 10 / 14)
    assert [(one.label, one.support, one.recall, one.precision) for one in found.classes] == [
        ("lost", 9, 6 / 9, 1.0),
        ("late", 5, 4 / 5, 4 / 7),
    ]
    assert [(pair.expected, pair.answered, pair.rows) for pair in found.pairs] == [("lost", "late", 3), ("late", "", 1)]
    assert found.heads == ["late", "lost", ""]
    assert [[cell.rows for cell in cells] for _, cells in found.table] == [[4, 0, 1], [3, 6, 0]]
