"""JSON Lines and arrays of objects: a column per key, every value as it stands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.tables import Limits
from tests.tables.forms import opened, read, refused, sentence

OBJECTS = [{"id": "007", "text": 'a\nb, "c"'}, {"id": "8", "text": "café 東京 🙂", "more": "x"}]
TABLE = [["id", "text", "more"], ["007", 'a\nb, "c"', ""], ["8", "café 東京 🙂", "x"]]
LINES = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in OBJECTS)
FORMS = {
    "lines": (LINES.encode(), "jsonl"),
    "lines of Windows": (LINES.replace("\n", "\r\n").encode(), "jsonl"),
    "lines, the last without an end": (LINES.rstrip().encode(), "jsonl"),
    "lines with blank ones between": (LINES.replace("\n", "\n\n \n").encode(), "jsonl"),
    "lines with a mark": (b"\xef\xbb\xbf" + LINES.encode(), "jsonl"),
    "lines in UTF-16": (LINES.encode("utf-16"), "jsonl"),
    "lines in UTF-16 without a mark": (LINES.encode("utf-16-be"), "jsonl"),
    "ASCII with escapes": (json.dumps(OBJECTS).encode(), "json"),
    "an array on one line": (json.dumps(OBJECTS, ensure_ascii=False).encode(), "json"),
    "an array with indents": (json.dumps(OBJECTS, indent=4).encode(), "json"),
    "an array of a line each": (("[\n" + LINES.rstrip().replace("\n", ",\n") + "\n]\n").encode(), "json"),
    "an array in UTF-16": (json.dumps(OBJECTS).encode("utf-16"), "json"),
    "objects over several lines": ("\n".join(json.dumps(one, indent=2) for one in OBJECTS).encode(), "json"),
}


@pytest.mark.parametrize(("data", "form"), FORMS.values(), ids=FORMS.keys())
def test_all_ways_of_writing_it_give_the_same_table(data: bytes, form: str) -> None:
    table = opened(data)

    assert [table.columns, *table.rows()] == TABLE
    assert table.understood.form == form
    assert table.understood.notes == ["A key that is null or absent is read as an empty cell."]


@pytest.mark.parametrize("wrap", ["%s\n", "[%s]"])
def test_numbers_and_nested_values_lose_nothing(wrap: str) -> None:
    value = (
        '{"big":123456789012345678901234567890,"price":1.50,"e":1E5,"yes":true,"no":false,"n":null,'
        '"list":[1.10, {"a" : "é\\u0041"}],"empty":{}}'
    )

    columns, row = read(wrap % value)

    assert columns == ["big", "price", "e", "yes", "no", "n", "list", "empty"]
    assert row == ["123456789012345678901234567890", "1.50", "1E5", "true", "false", "", '[1.10,{"a":"éA"}]', "{}"]


def test_line_separators_of_unicode_end_no_line() -> None:
    assert read('{"a":"x\u2028y\u0085z"}\n{"a":"b"}\n') == [["a"], ["x\u2028y\u0085z"], ["b"]]


def test_a_key_of_the_last_line_is_a_column_of_all() -> None:
    lines = ['{"a":1}'] * 900 + ['{"z":2}']

    table = read("\n".join(lines))

    assert table[0] == ["a", "z"]
    assert table[1] == ["1", ""]
    assert table[-1] == ["", "2"]


def test_a_full_table_has_no_notes() -> None:
    assert opened('{"a":1,"b":2}\n{"b":1,"a":2}\n').understood.notes == []


def test_not_a_number_is_kept_and_said() -> None:
    table = opened('{"a":NaN}\n{"a":-Infinity}\n')

    assert list(table.rows()) == [["NaN"], ["-Infinity"]]
    assert "NaN" in table.understood.notes[0]


BAD_LINES = {
    '{"a":1': "A comma or a closing bracket is missing",
    '{"a":}': "A value is missing",
    '{"a":"x}': "A text is never closed",
    '{"a" 1}': "A colon is missing",
    '{"a":1,}': "There is a comma before a closing bracket",
    '{"a":1}{"a":2}': "There is more after the end of the value",
    '{"a":"x\ty"}': "control character",
    '{"a":"\\x"}': "A backslash",
    '{"a":1,"a":2}': "The key “a” appears twice",
    '{"a":{"b":1,"b":2}}': "The key “b” appears twice",
    "[1,2]": "This is a list",
    '"text"': "This is a text",
    "17": "This is a number",
    "null": "This is null",
    '{"a":"\\u0000"}': "A NUL character",
    '{"a":"\\ud83d"}': "half of a character",
    '{"a":' + "[" * 4000 + "]" * 4000 + "}": "nested too deeply",
}


@pytest.mark.parametrize(("line", "words"), BAD_LINES.items(), ids=list(BAD_LINES.values()))
def test_a_bad_line_is_named(line: str, words: str) -> None:
    data = f'{{"a":"good"}}\n\n{line}\n{{"a":"good"}}\n'

    (problem,) = refused(data, "x.jsonl")

    assert words in problem.message
    assert (problem.line, problem.row) == (3, 2)
    assert problem.excerpt


def test_a_byte_of_another_encoding_is_named() -> None:
    data = b'{"a":"b"}\n{"a":"caf\xe9"}\n'
    assert "Byte E9 is not UTF-8" in refused(data)[0].message
    assert refused(data)[0].line == 2
    assert "Byte E9 is not UTF-8" in refused(b'[{"a":"b"},\n{"a":"caf\xe9"}]')[0].message


def test_all_bad_lines_are_listed_and_can_be_left_out() -> None:
    lines = ['{"a":1}' if number % 10 else '{"a":' for number in range(1, 101)]
    data = "\n".join(lines)

    assert [problem.line for problem in refused(data)] == list(range(10, 101, 10))
    table = opened(data, bad_rows="leave")
    assert len(list(table.rows())) == 90
    assert [problem.row for problem in table.left_out.first] == list(range(10, 101, 10))


BROKEN_ARRAYS = {
    '[{"a":1},\n{"a":2}': (2, "ends in the middle of the list"),
    '[{"a":1},\n{"a":': (2, "ends in the middle of an object"),
    '[{"a":1},\n{"a":"x': (2, "ends in the middle of an object"),
    '[{"a":1}\n{"a":2}]': (2, "A comma is missing"),
    '[{"a":1},\n]': (2, "There is a comma before the closing bracket"),
    '[{"a":1},\n{"a":tru}]': (2, "A value is missing"),
    '[{"a":1}]\n[{"a":2}]': (2, "more after the end of the list"),
    '[{"a":1},\n{"a":1,"a":2}]': (2, "The key “a” appears twice"),
    '[{"a":1},\n{"a":"x\n"}]': (2, "control character"),
}


@pytest.mark.parametrize(("data", "found"), BROKEN_ARRAYS.items(), ids=[words for _, words in BROKEN_ARRAYS.values()])
def test_a_broken_array_is_refused_by_line_and_not_half_read(data: str, found: tuple[int, str]) -> None:
    (problem,) = refused(data, bad_rows="leave")

    assert (problem.line, problem.row) == (found[0], None)
    assert found[1] in problem.message


def test_an_element_that_is_no_object_can_be_left_out() -> None:
    data = '[{"a":1},[2],{"a":3}]'

    assert refused(data)[0].row == 2
    assert read(data, bad_rows="leave") == [["a"], ["1"], ["3"]]


def test_numbers_are_no_rows() -> None:
    assert "a row must be an object" in refused("[1, 2]")[0].message
    assert read("[1,text\n[2,x\n") == [["[1", "text"], ["[2", "x"]]


@pytest.mark.parametrize("data", ["[]", "{}", "[{}]", "[ ]\n"])
def test_nothing_is_said_to_be_nothing(data: str) -> None:
    assert "empty" in sentence(data)


def test_keys_that_are_no_names_are_given_some() -> None:
    table = opened(json.dumps([{"": 1, "b" * 400: 2, "c": 3}]))

    assert table.columns == ["column 1", "b" * 100 + "…", "c"]
    assert list(table.rows()) == [["1", "2", "3"]]
    assert table.understood.notes == ["Columns with a missing, duplicate or overlong name were named automatically."]


def test_limits_are_named() -> None:
    small = Limits(rows=3, columns=3, cell=20)
    assert "more than 3 rows" in sentence('{"a":1}\n' * 4, limits=small)
    assert "more than 3 different keys" in sentence('{"a":1,"b":2}\n{"c":3,"d":4}\n', limits=small)
    assert "21 characters; the limit is 20" in sentence(f'{{"a":"{"x" * 21}"}}\n{{"a":1}}', limits=small)
    assert "longer than 40 characters" in sentence(f'{{"a":"{"x" * 100}"}}\n{{"a":1}}', "x.jsonl", limits=small)
    assert "longer than 40 characters" in sentence(f'[{{"a":"{"x" * 400_000}"}}]', limits=small)


def test_an_object_larger_than_any_piece_is_read() -> None:
    long = "x" * 900_000
    limits = Limits(rows=10, columns=3, cell=1_000_000)
    assert read(f'[{{"a":"{long}"}},{{"a":"{long}y"}}]', limits=limits) == [["a"], [long], [long + "y"]]


@pytest.mark.parametrize("last", ['{"a":[]}', '{"b":null}', '{"b":7}', '{"a":"Totally","b":3}'])
def test_an_ordinary_last_object_is_a_row(last: str) -> None:
    objects = ['{"a":[],"b":1}', '{"a":null,"b":2,"c":[]}', '{"a":"x","b":2,"c":[1]}', last]

    assert len(read(f"[{','.join(objects)}]")) == 1 + len(objects)
    assert len(read("\n".join(objects))) == 1 + len(objects)


text = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


objects_of_a_file = st.lists(st.dictionaries(st.sampled_from("abc"), values, min_size=1), min_size=2, max_size=8)


@given(objects_of_a_file, st.sampled_from([None, 1]))
def test_what_the_json_module_writes_is_read_back(objects: list[dict[str, object]], indent: int | None) -> None:
    lines = "\n".join(json.dumps(one) for one in objects)
    array = json.dumps(objects, ensure_ascii=False, indent=indent)

    columns, *rows = read(lines, below_header="rows", footer="part", repeated="keep")

    assert read(array, below_header="rows", footer="part", repeated="keep") == [columns, *rows]
    for one, row in zip(objects, rows, strict=True):
        for key, cell in zip(columns, row, strict=True):
            value = one.get(key)
            expected = "" if value is None else value if isinstance(value, str) else None
            assert cell == expected if expected is not None else json.loads(cell) == value
