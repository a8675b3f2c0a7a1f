"""Tables as people have them, read cell for cell."""

from __future__ import annotations

import io

import pytest

from batchsite.tables import Limits, open_table
from tests.tables.tables import WIDE, opened, read

TABLES = {
    "plain": ("id,text\n1,Hello\n2,Bye\n", [["id", "text"], ["1", "Hello"], ["2", "Bye"]]),
    "no line end at the end": ("id,text\n1,Hello", [["id", "text"], ["1", "Hello"]]),
    "CRLF": ("id,text\r\n1,Hello\r\n", [["id", "text"], ["1", "Hello"]]),
    "CR alone": ("id,text\r1,Hello\r2,Bye\r", [["id", "text"], ["1", "Hello"], ["2", "Bye"]]),
    "mixed line ends": ("a,b\r\n1,2\n3,4\r5,6\r\n", [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]]),
    "semicolons": ("id;text\n1;a, b\n2;c\n", [["id", "text"], ["1", "a, b"], ["2", "c"]]),
    "semicolons and decimal commas": ("id;price\n1;1,50\n2;2,75\n", [["id", "price"], ["1", "1,50"], ["2", "2,75"]]),
    "tabs": ("id\ttext\n1\ta,b\n", [["id", "text"], ["1", "a,b"]]),
    "bars": ("id|text\n1|a;b\n", [["id", "text"], ["1", "a;b"]]),
    "commas in quotes": ('id,text\n1,"a, b"\n', [["id", "text"], ["1", "a, b"]]),
    "doubled quotes": ('id,text\n1,"say ""hi"""\n', [["id", "text"], ["1", 'say "hi"']]),
    "a cell of one quote": ('id,text\n1,""""\n', [["id", "text"], ["1", '"']]),
    "empty quoted cells": ('a,b\n"",""\n1,2\n', [["a", "b"], ["", ""], ["1", "2"]]),
    "quoted line ends": (
        'a,b\n1,"x\ny"\n2,"x\r\ny"\n3,"x\ry"\n',
        [["a", "b"], ["1", "x\ny"], ["2", "x\r\ny"], ["3", "x\ry"]],
    ),
    "a quoted line end first": ('a,b\n"\n",2\n', [["a", "b"], ["\n", "2"]]),
    "everything quoted": ('"a","b"\n"1","2"\n', [["a", "b"], ["1", "2"]]),
    "spaces stay": ("a,b\n 1 ,  2\n", [["a", "b"], [" 1 ", "  2"]]),
    "leading noughts stay": ("id,zip\n007,01234\n", [["id", "zip"], ["007", "01234"]]),
    "unicode": ("ключ,値\né,😀\u2028\x85\n", [["ключ", "値"], ["é", "😀\u2028\x85"]]),
    "one column": ("text\nHello\nBye\n", [["text"], ["Hello"], ["Bye"]]),
    "one column, a row is empty": ("text\nHello\n\nBye\n", [["text"], ["Hello"], [""], ["Bye"]]),
    "one quoted column": ('text\n"a, b; c"\n"d"\n', [["text"], ["a, b; c"], ["d"]]),
    "blank lines": ("\n\na,b\n\n1,2\n  \n3,4\n\n", [["a", "b"], ["1", "2"], ["3", "4"]]),
    "rows of delimiters at the end": ("a,b,c\n1,2,3\n,,\n,,\n\n,,,,\n", [["a", "b", "c"], ["1", "2", "3"]]),
    "a row of delimiters in the middle": ("a,b\n1,2\n,\n3,4\n", [["a", "b"], ["1", "2"], ["", ""], ["3", "4"]]),
    "an empty quoted row at the end": ('a,b\n1,2\n"",""\n', [["a", "b"], ["1", "2"], ["", ""]]),
    "empty first cells": ("a,b\n,1\n,2\n", [["a", "b"], ["", "1"], ["", "2"]]),
    "quotes as text": ('size,what\n5" 3\',pipe\n6",tube\n', [["size", "what"], ["5\" 3'", "pipe"], ['6"', "tube"]]),
    "JSON in a cell": ('k,v\n1,"{""a"": [1, 2]}"\n', [["k", "v"], ["1", '{"a": [1, 2]}']]),
    "accents in a header": (
        "Größe (cm),Nom du client\n1,2\n",
        [["Größe (cm)", "Nom du client"], ["1", "2"]],
    ),
}


@pytest.mark.parametrize(("text", "expected"), TABLES.values(), ids=TABLES.keys())
def test_a_table_is_read_cell_for_cell(text: str, expected: list[list[str]]) -> None:
    assert read(text) == expected


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    table = opened(b"\xef\xbb\xbfid,text\n1,a\n")

    assert (table.understood.encoding, table.columns) == ("utf-8-sig", ["id", "text"])
    assert opened("id,text\n1,a\n").understood.encoding == "utf-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told(delimiter: str) -> None:
    assert opened(f"a{delimiter}b\n1{delimiter}2\n").understood.delimiter == delimiter


def test_prose_full_of_other_delimiters_does_not_mislead() -> None:
    rows = [f'{n},"one; two; three | four, five"\n' for n in range(50)]

    assert opened("id,text\n" + "".join(rows)).understood.delimiter == ","


def test_a_record_across_the_end_of_the_sample_does_not_mislead() -> None:
    long = "x; " * 40_000
    table = opened(f'id,text\n1,"{long}"\n2,b\n', Limits(10, 10, 1_000_000))

    assert table.understood.delimiter == ","
    assert list(table.rows()) == [["1", long], ["2", "b"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_pieces_of_the_stream_may_end_anywhere(end: str) -> None:
    text = end.join(["id,text", *(f'{n},"é😀 ""q"", {n}{end}more"' for n in range(200))])
    expected = [["id", "text"], *([str(n), f'é😀 "q", {n}{end}more'] for n in range(200))]

    for size in (1, 2, 3, 7):
        assert _read_in_pieces(text.encode(), size) == expected


def test_a_cell_may_be_longer_than_the_standard_library_allows() -> None:
    cell = "long " * 100_000

    assert read(f"a,b\n1,{cell}\n", Limits(10, 10, 1_000_000))[1] == ["1", cell]


def _read_in_pieces(data: bytes, size: int) -> list[list[str]]:
    table = open_table(Trickle(data, size), limits=WIDE)
    return [table.columns, *table.rows()]


class Trickle(io.BytesIO):
    """Gives out a few bytes at a time, as sockets do."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.size)
