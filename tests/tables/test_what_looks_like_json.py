"""What looks like JSON and is none is refused by what it is; it is never read as delimited text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables.forms import opened, read, refused, sentence

CASES = Path(__file__).parents[1] / "cases"
PYTHON, SCRIPT, COMMENTS = "This is Python, not JSON", "This is JavaScript, not JSON", "This is JSON with comments"
LOOKALIKES = {
    "{'text': 'hello', 'n': 1}\n{'text': 'bye', 'n': 2}\n": PYTHON,
    "{'text': \"it's\"}\n": PYTHON,
    "[{'a': 1}, {'a': 2}]": PYTHON,
    "{1: 'a'}\n{2: 'b'}\n": PYTHON,
    "OrderedDict([('a', 1)])\n": PYTHON,
    "['a', 'b']\n['c', 'd']\n": "These are lists of Python",
    "{a: 1, b: 2}\n{a: 3, b: 4}\n": SCRIPT,
    'const rows = [{"a": 1}];\n': SCRIPT,
    'export const rows: Row[] = [\n  {"a": 1}\n];\n': SCRIPT,
    "export default [{a: 1}]\n": SCRIPT,
    'module.exports = {"rows": []}\n': SCRIPT,
    'window["data"] = [{"a": 1}]\n': SCRIPT,
    'data = [{"a": 1}]\n': SCRIPT,
    'callback([{"a": 1}]);\n': SCRIPT,
    ')]}\'\n[{"a": 1}]\n': SCRIPT,
    'while(1);[{"a": 1}]\n': SCRIPT,
    '// rows of today\n[{"a": 1}]\n': COMMENTS,
    '/* rows\n of * today */\n{"a": 1}\n{"a": 2}\n': COMMENTS,
    '# rows\n{"a": 1}\n{"a": 2}\n': COMMENTS,
}


@pytest.mark.parametrize("filename", ["x.jsonl", "x.json", "x.csv", "x"])
@pytest.mark.parametrize("text", LOOKALIKES)
def test_it_is_refused_by_what_it_is(text: str, filename: str) -> None:
    assert sentence(text, filename).startswith(LOOKALIKES[text])
    assert sentence(("\ufeff" + text).encode("utf-16-le"), filename).startswith(LOOKALIKES[text])


def test_lines_of_python_are_named_with_their_line() -> None:
    (problem,) = refused((CASES / "10-python-dict-lines" / "input.jsonl").read_bytes(), "input.jsonl")

    assert problem.line == 1
    assert problem.message.startswith(PYTHON)
    assert "json.dumps()" in problem.message


@pytest.mark.parametrize("text", ['"hello"\n"bye"\n', '"say \\"no\\", or yes"\n"x"\n', "1\n2\n", "null\ntrue\n"])
def test_values_that_are_no_objects_are_refused_line_by_line_where_the_name_promises_json(text: str) -> None:
    problems = refused(text, "x.jsonl")

    assert [problem.line for problem in problems] == [1, 2]
    assert "a row must be an object" in problems[0].message


def test_a_comment_between_rows_is_named() -> None:
    (problem,) = refused('{"a": 1}\n// more\n{"a": 2}\n', "x.jsonl")
    assert problem.line == 2
    assert "A comment stands where JSON has none" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "id,text\n1,{a: 1}\n2,b\n",
        "# id,text\n1,b\n2,c\n",
        "name(x),y\n1,2\n3,4\n",
        "{name},{city}\nAnn,Rome\nBob,Oslo\n",
        "a=b,c\n1,2\n3,4\n",
        "'id','text'\n'1','b'\n'2','c'\n",
        "// id,text\n1,b\n2,c\n",
        "[x],[y]\n1,2\n3,4\n",
        "{id:text\n1:2\n3:4\n",
    ],
)
def test_tables_with_brackets_stay_tables(text: str) -> None:
    assert len(read(text, "x.csv")) == 3


def test_quoted_texts_in_a_csv_stay_texts() -> None:
    assert list(opened('"text"\n"hello"\n"bye"\n', "x.csv").rows()) == [["hello"], ["bye"]]
