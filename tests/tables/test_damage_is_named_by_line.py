"""A table that cannot be taken as it stands is refused, and every bad row is named by the line it starts on."""

from __future__ import annotations

import pytest

from batchsite.tables import Limits
from tests.tables.tables import opened, problem, read, refused

# name: (file, line, row, column, words in the message, words in the excerpt)
DAMAGE: dict[str, tuple[bytes | str, int, int, int | None, str, str]] = {
    "a cell too few": ("a,b\n1,2\n3\n5,6\n", 3, 2, None, "1 cell where the header has 2", "3"),
    "a cell too many": ("a,b\n1,2,x\n5,6\n", 2, 1, None, "must be in double quotes", "1,2,x"),
    "too many, below quoted line ends": ('a,b\n"x\ny",2\n"p\nq",2,3\n', 4, 2, None, "3 cells", '"p⏎q",2,3'),
    "text after a closing quote": ('a,b\n1,"x"y\n3,"4"\n', 2, 1, None, "after a closing quote", '1,"x"y'),
    "a quote never closed": ('a,b\n1,"2"\n3,"x\n5,6\n', 3, 2, None, "closing quote is missing", '3,"x'),
    "no delimiter before a quoted cell": (
        'a,b,c\n1,"x, y",3\n4 EUR"x, y",6\n',
        3,
        2,
        1,
        "delimiter before it",
        "4 EUR",
    ),
    "a bare quote, before any cell is quoted": ('a,b\n1,2"\n3,"4"\n', 2, 1, 2, "does not begin with one", '1,2"'),
    "a NUL": (b"a,b\n1,2\n3,x\0y\n", 3, 2, 2, "NUL", "x�y"),
    "a block of NULs": (b"a,b\n1,2\n" + bytes(600) + b"3,4\n", 3, 2, 1, "NUL", "�"),
    "NULs to the end": (b"a,b\n1,2\n" + bytes(600), 3, 2, 1, "NUL", "�"),
    "a comma too many in one column of prose, where others are quoted": (
        'text\n"Hello, you"\n' + 9000 * "Yes; no\nBye\n" + "Now, then\n",
        18_003,
        18_002,
        None,
        "must be in double quotes",
        "Now, then",
    ),
    "a file cut in a row of empty cells": ("a,b,c\n1,2,3\n4,5,6\n,", 4, 3, None, "2 cells", ","),
    "the end of a row on a line of its own": ("a,b\n1,2\n3,4 \n5\n6,7\n", 4, 3, None, "the row on line 3", "5"),
    "the end of the header on a line of its own": ("a,b\nc\n1,2\n", 2, 1, None, "the row on line 1", "c"),
    "one cell below a blank line": ("a,b\n1,2\n\n5\n6,7\n", 4, 2, None, "1 cell where the header has 2.", "5"),
    "a NUL in a quoted line": (b'a,b\n1,2\n"u\nv","w\nx\0y"\n', 5, 2, 2, "NUL", "x�y"),
    "a byte of another encoding": ("a,é\n1,2\n".encode() + b"3,caf\xe9\n", 3, 2, 2, "Byte E9 is not UTF-8", "caf�"),
    "half a character at the end": ("a,é\n1,2\n".encode() + b"3,caf\xc3", 3, 2, 2, "Byte C3", "caf�"),
    "a delimiter row of another width in the middle": ("a,b\n1,2\n,,\n3,4\n", 3, 2, None, "3 cells", ",,"),
}


@pytest.mark.parametrize(("data", "line", "row", "column", "words", "excerpt"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_bad_row_is_named(
    data: bytes | str, line: int, row: int, column: int | None, words: str, excerpt: str
) -> None:
    found = problem(data)

    assert (found.line, found.row, found.column) == (line, row, column)
    assert words in found.message
    assert excerpt in found.excerpt


def test_the_place_is_named_from_which_on_the_file_is_utf_16() -> None:
    first = refused(b"a,b\n1.25,2.5\n3.75,4.5\n0.25,9.5\n" + "7.25,8.5\n6.5,2.25\n1.75,3.5\n".encode("utf-16-le"))

    assert (first.problems[0].line, first.problems[0].excerpt[:2]) == (5, "7�")


def test_the_place_is_named_from_which_on_another_program_wrote() -> None:
    one = '"a";"b"\n"1";"2"\n"3";"4"\n'
    error = refused(one + one.replace(";", ",") * 2)

    assert [found.line for found in error.problems] == [4, 5, 6, 7, 8, 9]


def test_one_row_with_backslashes_does_not_change_how_the_others_are_read() -> None:
    rows = '"1","a\nsaid ""yes"""\n"2","b\nsaid ""no"""\n"3","c\nsaid \\"so\\"\nand\nwent"\n'
    error = refused('"id","text"\n' + rows)

    assert error.problems[0].line == 6


def test_broken_quotes_among_rows_of_another_width_are_listed_with_them() -> None:
    error = refused('a,b\n1,2,x\n\n"3,4,y\nu,v,w\n7,8,9\n')

    assert [found.line for found in error.problems] == [2, 4, 5, 6]


def test_rows_that_an_open_quote_swallowed_are_looked_at_again() -> None:
    error = refused('a,b\n1,"2"\n3,"x\n5,6\n7\n8,"9"\n')

    assert [(found.line, found.row) for found in error.problems] == [(3, 2), (5, 4)]
    assert error.problems[0].message.startswith("There is text after a closing quote on line 6")
    assert (error.rows, error.can_skip) == (5, True)


def test_a_cell_of_several_lines_with_broken_quotes_is_as_many_bad_rows() -> None:
    error = refused('a,b\n1,"x\n\ny"z\n3,4\n')

    assert [found.line for found in error.problems] == [2, 4]
    assert "after a closing quote on line 4" in error.problems[0].message


def test_every_bad_row_is_listed() -> None:
    error = refused('a,b\n1\n2,x\n3,4,5\n6,"x"y\n7,8\n9,\n\n10\n')

    assert [(found.line, found.row) for found in error.problems] == [(2, 1), (4, 3), (5, 4), (9, 7)]


def test_problems_of_all_kinds_come_in_the_order_of_the_file() -> None:
    error = refused('a,é\n1,2"\n'.encode() + b'\xff,2\n3\n4,"5"\n6,7"\n8,"')

    assert [found.line for found in error.problems] == [2, 3, 4, 6, 7]


def test_a_thousand_problems_are_kept_and_all_are_counted() -> None:
    error = refused("a,b\n" + "1,2\n" * 20_000 + "1\n" * 5000, Limits(30_000, 10, 100))

    assert (len(error.problems), error.problem_count) == (1000, 5000)


def test_no_row_is_given_out_behind_a_bad_one() -> None:
    given: list[list[str]] = []
    with pytest.raises(Exception, match="1 cell where"):
        given.extend(opened("a,b\n" + "1,2\n" * 50 + "3\n" + "4,5\n" * 50).rows())

    assert len(given) <= 50
    assert set(map(tuple, given)) <= {("1", "2")}


def test_rows_of_delimiters_in_the_middle_keep_their_lines() -> None:
    error = refused("a,b\n1,2\n,\n,,\n,,\n\n,,\n\n,\n3\n")

    assert [(found.line, found.row) for found in error.problems] == [(4, 3), (5, 4), (7, 5), (10, 7)]


def test_the_header_is_named_by_its_line_too() -> None:
    assert problem('\n\n"a,b\n1,"2"\n').line == 3
    assert problem("\né,".encode() + b"caf\xe9\n1,2\n").line == 2


LIMITS = {
    "rows": ("a,b\n" + "1,2\n" * 11, "more than 10 rows"),
    "columns": ("a,b,c,d,e,f\n1,2,3,4,5,6\n", "6 columns; the limit is 5"),
    "cell": ("a,b\n1,2\n1," + "x" * 101 + "\n", "A cell of 101 characters; the limit is 100"),
    "unclosed quote": ('a,b\n1,"' + "2,3\n" * 100, "longer than 200 characters. Is a quote never closed?"),
    "no line ends": ("a,b\n1,2\n3,4\n" + "x" * 1000, "longer than 200 characters"),
}


@pytest.mark.parametrize(("text", "words"), LIMITS.values(), ids=LIMITS.keys())
def test_a_limit_is_named_when_it_is_reached(text: str, words: str) -> None:
    assert words in refused(text, Limits(rows=10, columns=5, cell=100)).problems[0].message


def test_a_cell_at_the_limit_is_read() -> None:
    assert len(read("a,b\n1," + "x" * 100, Limits(10, 5, 100))[1][1]) == 100


def test_reading_goes_on_behind_an_endless_row() -> None:
    error = refused("a,b\n1,2\n3,4\n" + "x" * 1000 + "\n1\n", Limits(10, 5, 100))

    assert [(found.line, found.row) for found in error.problems] == [(4, 3), (5, 4)]


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
def test_a_nul_near_the_beginning_of_utf16_without_a_mark_is_named(codec: str) -> None:
    text = "id,customer,text\n1,Hugo,a card that does not work\n" + "2,Anna,a card that works\n" * 40
    data = text.encode(codec)

    assert 2 in {one.line for one in refused(data[:80] + b"\0" + data[80:]).problems}
