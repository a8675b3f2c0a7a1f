"""What looks like JSON and is none is refused by what it is; it is never read as delimited text."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from batchsite.tables.formats.json_lookalike import recognises
from tests.tables.forms import asked, opened, read, refused, sentence

CASES = Path(__file__).parents[1] / "cases"
PYTHON, SCRIPT, COMMENTS = "This is Python, not JSON", "This is JavaScript, not JSON", "This JSON has comments"
FENCE, MAPS = "Lines of ```", "These are maps as Elixir, Clojure or Go shows them"
SETTINGS = "This is a file of settings"
LOOKALIKES = {
    "{'text': 'hello', 'n': 1}\n{'text': 'bye', 'n': 2}\n": PYTHON,
    "{'text': \"it's\"}\n": PYTHON,
    "[{'a': 1}, {'a': 2}]": PYTHON,
    "{1: 'a'}\n{2: 'b'}\n": PYTHON,
    "OrderedDict([('a', 1)])\n": PYTHON,
    "{u'a': u'x'}\n": PYTHON,
    "{b'a': 1}\n": PYTHON,
    "[OrderedDict([('a', 1)])]\n": PYTHON,
    "['a', 'b']\n['c', 'd']\n": "These are Python lists",
    "('a', 1)\n('b', 2)\n": "These are tuples or sets of Python",
    "[('a', 1), ('b', 2)]\n": "These are tuples or sets of Python",
    "(1, 'a')\n(2, 'b')\n": "These are tuples or sets of Python",
    "{'a', 'b'}\n": "These are tuples or sets of Python",
    "Row(a=1, b='x')\nRow(a=2, b='y')\n": "These are objects as print() shows them",
    "{a=1, b=x}\n{a=2, b=y}\n": "These are maps as Java or Scala shows them",
    "Map(a -> 1)\n": "These are maps as Java or Scala shows them",
    '{"a"=>1}\n{"a"=>2}\n': "This is Ruby, not JSON",
    "[{:a=>1}, {:a=>2}]\n": "This is Ruby, not JSON",
    "<?php return [['a' => 1]];\n": "This is PHP, not JSON",
    "array('a' => 1)\n": "This is PHP, not JSON",
    '/**/callback([{"a": 1}]);\n': SCRIPT,
    "'use strict';\nmodule.exports = [{a: 1}];\n": SCRIPT,
    '[\n  /* one */ {"a": 1}\n]\n': COMMENTS,
    '[ // rows\n  {"a": 1}\n]\n': COMMENTS,
    '{"index": {"_id": "1"}}\n{"a": 1}\n': "These are bulk instructions for Elasticsearch",
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
    '```json\n[{"a": 1}]\n```\n': FENCE,
    '```\n{"a": 1}\n{"a": 2}\n```\n': FENCE,
    "~~~csv\nid,text\n1,a\n~~~\n": FENCE,
    'Here is the JSON:\n[{"a": 1}]\n': "A sentence stands above the JSON",
    'Here you are:\n\n```json\n{"a": 1}\n```\n': "A sentence stands above the JSON",
    'data: {"a": 1}\n\ndata: {"a": 2}\n\n': "These are server-sent events",
    'event: row\ndata: {"a": 1}\n\n': "These are server-sent events",
    'Row { a: 1, b: "x" }\nRow { a: 2, b: "y" }\n': "These are objects as a program prints them",
    "%{a: 1, b: 2}\n%{a: 3, b: 4}\n": MAPS,
    "{:a 1 :b 2}\n{:a 3 :b 4}\n": MAPS,
    "map[a:1 b:2]\nmap[a:3 b:4]\n": MAPS,
    "[1,x]\n[2,y]\n": "These are rows as Spark prints them",
    'structure(list(a = 1:2), class = "data.frame")\n': "This is R, not JSON",
    "list(a = 1, b = 'x')\n": "This is R, not JSON",
    "return {{a=1},{a=2}}\n": "This is a table of Lua or Perl",
    "$VAR1 = { 'a' => 1 };\n": "This is a table of Lua or Perl",
    "[a]\nx=1\ny=2\n[b]\nx=3\n": SETTINGS,
    "[[row]]\na = 1\n\n[[row]]\na = 2\n": SETTINGS,
    "array(['a', 'b'], dtype=object)\n": PYTHON,
    'import x from "y";\nexport default [{"a": 1}];\n': SCRIPT,
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


@pytest.mark.parametrize("text", ["1\n2\n", "null\ntrue\n"])
def test_values_that_are_no_objects_are_refused_line_by_line_where_the_name_promises_json(text: str) -> None:
    problems = refused(text, "x.jsonl")

    assert [problem.line for problem in problems] == [1, 2]
    assert "a row must be an object" in problems[0].message


def test_a_comment_between_rows_is_named() -> None:
    (problem,) = refused('{"a": 1}\n// more\n{"a": 2}\n', "x.jsonl")
    assert problem.line == 2
    assert "JSON does not allow comments" in problem.message


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
        "(n=12),text\n1,b\n2,c\n",
        "(1,2),(x)\n1,b,3\n2,c,4\n",
        "Name (first),Name (last)\nAnn,Lee\nBob,Ray\n",
        "{a},{b}\nx,y\nz,v\n",
        'say,it:\n"[1]",x\n"[2]",y\n',
        "list(a),b\n1,2\n3,4\n",
        "[a],b=c\nx,y\nz,v\n",
    ],
)
def test_tables_with_brackets_stay_tables(text: str) -> None:
    assert len(read(text, "x.csv")) == 3


WORDS = {
    '{"a": None}': "“None” is Python",
    '{"a": nan}': "“nan” is Python; JSON writes null",
    '{"a": undefined}': "“undefined” is JavaScript",
    '{"a": ObjectId("5f")}': "“ObjectId(…)” is a call",
    "{\"a\": 'x'}": "A single quote stands where JSON has a double one",
    "{“a”: 1}": "A typographic quote stands where JSON has a straight one",
    '{"a": 1, b: 2}': "The name “b” stands without quotes",
    '{"a": 1,}': "There is a comma before a closing bracket",
    '{"a": 1},': "A comma stands behind the object",
    '"{\\"a\\": 1}"': "This is a text that holds JSON",
}


@pytest.mark.parametrize("line", WORDS)
def test_what_stands_where_json_ends_is_named(line: str) -> None:
    problems = refused(f'{{"a": 1}}\n{line}\n{{"a": 2}}\n', "x.jsonl")

    assert [problem.line for problem in problems] == [2]
    assert WORDS[line] in problems[0].message


@pytest.mark.parametrize("first", ["{'a': 1}", "garbage, and more", '{"a": 1', "id"])
def test_a_bad_first_line_hides_no_lines_of_json(first: str) -> None:
    text = first + "\n" + "".join(f'{{"a": {n}}}\n' for n in range(5))

    assert [problem.line for problem in refused(text, "x.jsonl")] == [1]
    assert len(read(text, "x.jsonl", bad_rows="leave")) == 6


@pytest.mark.parametrize(
    "text",
    [
        '{\n "a": 1\n}\n{\n "a": 2\n}\n',
        '{"a": 1}\r{"a": 2}\r',
        '{"a": 1}\n\ufeff{"a": 2}\n',
        '\x1e{"a": 1}\n\x1e{"a": 2}\n',
    ],
    ids=["over several lines", "lines of old Macs", "a mark where files were joined", "record separators"],
)
def test_objects_are_read_however_they_are_parted(text: str) -> None:
    assert read(text, "x.jsonl") == [["a"], ["1"], ["2"]]


def test_lines_of_lists_are_rows_once_a_person_says_where_the_names_are() -> None:
    lines = b'["id", "text"]\n[1, "x"]\n[2, "y"]\n'
    assert asked(lines, "x.jsonl").key == "inside"
    assert read(lines, "x.jsonl", inside="names") == [["id", "text"], ["1", "x"], ["2", "y"]]


@pytest.mark.parametrize("text", ['"hello"\n"bye"\n', '"say \\"no\\", or yes"\n"x"\n'])
def test_texts_in_quotes_are_rows_where_the_name_promises_json(text: str) -> None:
    assert read(text, "x.jsonl") == [["text"], *([json.loads(line)] for line in text.splitlines())]


def test_quoted_texts_in_a_csv_stay_texts() -> None:
    assert list(opened('"text"\n"hello"\n"bye"\n', "x.csv").rows()) == [["hello"], ["bye"]]


@pytest.mark.parametrize(
    "text", ["[a]\n" + " x=1\n" * 3000 + "?", "a b " * 4000, "[[a]]\n" + "b = c = d\n \n" * 1500 + "]"]
)
def test_what_is_nearly_one_of_these_costs_no_time(text: str) -> None:
    begin = time.process_time()
    assert not recognises(text.encode(), "x.csv")
    assert time.process_time() - begin < 1
