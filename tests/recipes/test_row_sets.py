"""Sets of rows: what is asked of spans is what would be asked of the rows themselves."""

from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.recipes.row_set import RowSet, parse_rows

SPANS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda one: (one[0], one[0] + one[1])), max_size=8
)


@given(SPANS, st.integers(-2, 75), st.integers(0, 20), st.sets(st.integers(1, 75)))
def test_spans_say_what_rows_would(spans: list[tuple[int, int]], row: int, count: int, gone: set[int]) -> None:
    some = RowSet(spans)
    rows = sorted({number for first, last in spans for number in range(first, last + 1)})

    assert list(some) == rows
    assert len(some) == len(rows)
    assert (some.first, some.last) == ((rows[0], rows[-1]) if rows else (0, 0))
    assert (row in some) == (row in rows)
    assert some.rank(row) == len([one for one in rows if one < row])
    assert list(some.within(row, row + count)) == [one for one in rows if row <= one <= row + count]
    assert list(some.after(row, count)) == [one for one in rows if one > row][:count]
    assert list(some.before(row, count)) == [one for one in rows if one < row][-count or len(rows) :]
    assert list(some.without(sorted(gone))) == [one for one in rows if one not in gone]
    pieces = [list(piece) for piece in some.pieces(count + 1)]
    assert list(chain.from_iterable(pieces)) == rows
    assert all(len(piece) == count + 1 for piece in pieces[:-1])
    assert all(first[1] + 1 < second[0] for first, second in pairwise(some.spans))


def test_spans_are_joined() -> None:
    assert RowSet([[5, 9], [1, 2], [3, 4]]).as_lists() == [[1, 9]]


def test_rows_are_read_as_people_write_them() -> None:
    assert parse_rows(" 205, 1-100 ,101 – 110", 300).as_lists() == [[1, 110], [205, 205]]
    assert str(parse_rows("1200,1-3", 2000)) == "1–3, 1,200"
    assert len(parse_rows("", 300)) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a-b", "“a-b” is not a row"),
        ("1-2-3", "“1-2-3” is not a row"),
        ("-4", "“-4” is not a row"),
        ("9-3", "“9-3” starts after its end"),
        ("0", "“0”: the dataset has rows 1 to 300"),
        ("299-301", "“299-301”: the dataset has rows 1 to 300"),
        (",".join(["7"] * 20_001), "These are too many ranges"),
    ],
)
def test_what_is_no_row_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_rows(text, 300)
