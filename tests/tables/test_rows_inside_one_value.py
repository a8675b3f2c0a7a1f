"""A JSON file that is one value with the rows inside: it is asked where they are, under any name of the file."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest

from batchsite.tables import Asks, Limits, ReadingError
from tests.patience import patient
from tests.tables.forms import asked, opened, read, refused, sentence, zipped

ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
TABLE = [["a", "b"], ["1", "x"], ["2", "y"]]
INDEXED = ["index", "a", "b"]
ONE = "object"
LARGE = Limits(10**6, 50, 10**7)
WRAPPED: dict[str, tuple[Any, list[str], list[list[str]]]] = {
    "a list": ({"data": ROWS}, ["list data", ONE], TABLE),
    "a list beside other things": ({"count": 2, "rows": ROWS, "next": None}, ["list rows", ONE], TABLE),
    "a list further in": ({"response": {"records": ROWS}}, ["list response.records", ONE], TABLE),
    "a list further in, beside others": (
        {"status": "ok", "result": {"total": 2, "items": ROWS}},
        ["list result.items", ONE],
        TABLE,
    ),
    "hits": ({"took": 3, "hits": {"total": 2, "hits": ROWS}}, ["list hits.hits", ONE], TABLE),
    "one row": ({"data": ROWS[:1]}, ["list data", ONE], TABLE[:2]),
    "two lists": ({"notes": [{"n": 1}], "data": ROWS}, ["list data", "list notes", ONE], TABLE),
    "a list and an empty one": ({"errors": [], "data": ROWS}, ["list data", ONE], TABLE),
    "an object in a list": ([{"data": ROWS}], ["list data", ONE], TABLE),
    "a schema beside": (
        {"schema": {"fields": [{"name": "a"}]}, "data": ROWS},
        ["list data", "list schema.fields", ONE],
        TABLE,
    ),
    "columns": ({"a": [1, 2], "b": ["x", "y"]}, ["columns", ONE], TABLE),
    "columns of pandas": ({"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}, ["columns", "index", ONE], TABLE),
    "one column": ({"text": ["x", "y", "z"]}, ["columns", ONE], [["text"], ["x"], ["y"], ["z"]]),
    "one column of pandas": ({"text": {"0": "x", "1": "y"}}, ["columns", ONE], [["text"], ["x"], ["y"]]),
    "columns with labels": (
        {"a": {"u1": 1, "u2": 2}, "b": {"u1": "x", "u2": "y"}},
        ["index", "columns", ONE],
        [["index", "u1", "u2"], ["a", "1", "2"], ["b", "x", "y"]],
    ),
    "rows by number": ({"0": ROWS[0], "1": ROWS[1]}, ["index", "columns", ONE], TABLE),
    "rows by id": (
        {"u7": ROWS[0], "u9": ROWS[1]},
        ["index", "columns", ONE],
        [INDEXED, ["u7", "1", "x"], ["u9", "2", "y"]],
    ),
    "rows by number, further in": (
        {"data": {"1": ROWS[0], "2": {"a": 3}}},
        ["index data", ONE],
        [INDEXED, ["1", "1", "x"], ["2", "3", ""]],
    ),
    "split": ({"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}, ["split", ONE], TABLE),
    "split, one column": (
        {"columns": ["a"], "index": [0, 1], "data": [[1], [2]]},
        ["split", ONE],
        [["a"], ["1"], ["2"]],
    ),
    "split with labels": (
        {"columns": ["a"], "index": ["u7", "u9"], "data": [[1], [2]]},
        ["split", ONE],
        [["index", "a"], ["u7", "1"], ["u9", "2"]],
    ),
    "lists with names": ({"values": [["a", "b"], [1, "x"], [2, "y"]]}, ["names values", "lists values", ONE], TABLE),
    "lists alone": ([["a", "b"], [1, "x"], [2, "y"]], ["names", "lists"], TABLE),
    "lists without names": (
        [[1, "x"], [2, "y"]],
        ["lists", "names"],
        [["column 1", "column 2"], ["1", "x"], ["2", "y"]],
    ),
}


@pytest.mark.parametrize("filename", ["x.json", "x.jsonl", "x.csv", "x"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(("value", "choices", "table"), WRAPPED.values(), ids=WRAPPED.keys())
def test_it_is_asked_where_the_rows_are(
    value: Any, choices: list[str], table: list[list[str]], indent: int | None, filename: str
) -> None:
    data = json.dumps(value, indent=indent).encode()
    if indent and filename == "x.jsonl" and isinstance(value, list):
        filename = "x.json"  # lines that are no values are refused by line

    question = asked(data, filename)

    assert question.key == "inside"
    assert sorted(choice.value for choice in question.choices) == sorted(choices)
    assert question.guess == choices[0]
    assert read(data, filename, inside=choices[0]) == table
    shown = next(choice.rows for choice in question.choices if choice.value == choices[0])
    assert shown == tuple(map(tuple, table[:3])), "the rows are in view"


def test_the_object_itself_is_a_choice() -> None:
    data = json.dumps({"count": 2, "rows": ROWS})
    assert read(data, "x.json", inside=ONE) == [["count", "rows"], ["2", '[{"a":1,"b":"x"},{"a":2,"b":"y"}]']]


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_it_is_asked_in_packed_files(name: str) -> None:
    data = json.dumps({"data": ROWS}).encode()
    for packed, called in ((gzip.compress(data), f"{name}.gz"), (zipped({name: data}), "x.zip")):
        assert asked(packed, called).guess == "list data"
        assert read(packed, called, inside="list data") == TABLE


def test_what_is_set_aside_is_said() -> None:
    (note,) = opened(json.dumps({"count": 2, "rows": ROWS}), inside="list rows").understood.notes
    assert note == "The rows are those of “rows”; what else the object holds was set aside."


@pytest.mark.parametrize("inside", ["list nothing", "columns", ""])
def test_an_answer_that_does_not_fit_is_asked_again(inside: str) -> None:
    data = json.dumps({"data": ROWS}).encode()
    assert asked(data, "x.json", inside=inside).key == "inside"


ITSELF = {
    "one row": {"a": 1, "b": "x"},
    "lists of other lengths": {"id": 1, "tags": ["x", "y"], "more": ["z"]},
    "an object": {"id": 1, "who": {"name": "n", "age": 2}},
    "objects that are not alike": {"a": {"x": 1}, "b": {"y": 2}},
}


@pytest.mark.parametrize("filename", ["x.json", "x.jsonl"])
@pytest.mark.parametrize("value", ITSELF.values(), ids=ITSELF.keys())
def test_an_ordinary_object_is_one_row(value: dict[str, Any], filename: str) -> None:
    assert len(read(json.dumps(value), filename)) == 2


def test_a_conversation_in_lines_is_rather_a_row() -> None:
    data = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
    assert asked(data, "x.jsonl").guess == ONE
    assert read(data + b"\n" + data, "x.jsonl")[0] == ["messages"], "two lines are two rows"


def test_a_list_that_is_too_long_to_be_held_is_read_piece_by_piece() -> None:
    rows = [{"id": number, "text": "x" * 50} for number in range(900)]
    data = json.dumps({"meta": {"n": 900}, "data": rows}).encode()
    for name in ("x.json", "x.jsonl"):
        question = asked(data, name)
        assert [choice.value for choice in question.choices] == ["list data"], "as one row it is too long"
        assert len(read(data, name, inside="list data")) == 901
    assert len(read(json.dumps([{"data": rows}]), "x.json", inside="list data")) == 901


def test_a_bad_row_inside_is_named_by_its_line_and_can_be_skipped() -> None:
    data = '{"data": [\n{"a":1},\nnull,\n{"a":3}\n]}'
    (problem,) = refused(data, "x.json", inside="list data")
    assert (problem.line, problem.row) == (3, 2)
    assert read(data, "x.json", inside="list data", bad_rows="leave") == [["a"], ["1"], ["3"]]
    lists = '[["a","b"],\n[1,2],\n[3],\n{"a":1}]'
    problems = refused(lists, "x.json", inside="names")
    assert [(one.line, one.row) for one in problems] == [(3, 2), (4, 3)]
    assert "1 value" in problems[0].message
    assert read(lists, "x.json", inside="names", bad_rows="leave") == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("cut", [20, 40, 55])
def test_a_file_that_was_cut_is_refused(cut: int) -> None:
    data = json.dumps({"data": ROWS, "more": "and more to come"})[:cut]
    assert "ends in the middle" in sentence(data, "x.json", inside="list data")


def test_an_empty_list_is_nothing() -> None:
    for data in ('{"data":[]}', '[{"rows": []}]', '{"result":{"rows":[]}}'):
        assert "empty" in sentence(data, "x.json")


def test_halves_of_characters_inside_columns_are_refused_by_row() -> None:
    (problem,) = refused('{"a":["x","\\ud83d"],"b":["y","z"]}', "x.json", inside="columns")
    assert (problem.row, "half of a character" in problem.message) == (2, True)


TEXTS = [["text"], ["Hello, World"], ["second\nline"]]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_of_texts_is_one_column(indent: int | None) -> None:
    table = opened(json.dumps([row for [row] in TEXTS[1:]], indent=indent), "x.json")
    assert [table.columns, *table.rows()] == TEXTS
    assert table.understood.notes == ["Each text is a row, in the column “text”."]


def test_texts_in_quotes_one_a_line_are_one_column() -> None:
    lines = "\n".join(json.dumps(row) for [row] in TEXTS[1:])
    assert read(lines, "x.jsonl") == TEXTS
    assert refused('"a"\n{"a":1}\n', "x.jsonl")[0].line == 2


@pytest.mark.parametrize(
    "value",
    [
        [["a"] * 100_000, ["1"] * 100_000],
        [[*(f"a {number}" for number in range(50_001, 100_001)), *["a"] * 50_000], ["1"] * 100_000],
        {f"list {number}": [{"a": 1}, {"a": 2}] for number in range(5_000)},
    ],
    ids=["the same name", "names that are numbered already", "very many lists"],
)
def test_names_and_lists_cost_no_more_than_their_share(value: Any) -> None:
    begin = time.process_time()
    with pytest.raises(Asks) as caught:
        opened(json.dumps(value), "a.json", LARGE)
    assert len(caught.value.questions[0].choices) <= 22
    if isinstance(value, list):
        with pytest.raises(ReadingError, match="limit"):
            read(json.dumps(value), "a.json", LARGE, inside="names")
    assert time.process_time() - begin < patient(4)
