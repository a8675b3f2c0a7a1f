"""`manage.py inspectfile` says how a file is read, what is asked, or why it is refused. It needs no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def inspected(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """(exit status, what was printed)."""
    with pytest.raises(SystemExit) as ended:
        call_command("inspectfile", *map(str, words))
    return int(ended.value.code or 0), capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    status, text = inspected(capsys, *words, "--json")
    return status, json.loads(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_a_good_file_is_read(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    path.write_bytes('Report of May\nall of it\n\nid;text\r\n1;é\r\n2;"a;b"\r\n'.encode("utf-8-sig"))
    status, found = as_json(capsys, path, "--rows", path.with_name("rows.jsonl"))

    assert (status, found["outcome"]) == (0, "read")
    assert (found["encoding"], found["delimiter"], found["quoting"]) == ("utf-8-sig", ";", '"')
    assert (found["header"], found["header_line"], found["rows"], found["columns"]) == (["id", "text"], 4, 2, 2)
    assert found["title_lines"] == [{"line": 1, "text": "Report of May"}, {"line": 2, "text": "all of it"}]
    rows = [json.loads(line) for line in path.with_name("rows.jsonl").read_text().splitlines()]
    assert rows == [["id", "text"], ["1", "é"], ["2", "a;b"]]


def test_a_table_without_a_header_is_written_without_one(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    path.write_text("1,2\n3,4\n5,6\n")
    target = path.with_name("rows.jsonl")
    status, found = as_json(capsys, path, "--rows", target)
    assert (status, found["outcome"], found["questions"][0]["key"]) == (3, "ask", "header")
    assert not target.exists()

    status, found = as_json(capsys, path, "--rows", target, "--answer", "header=none")
    assert (status, found["has_header"], found["rows"]) == (0, False, 3)
    assert target.read_text().splitlines() == ['["1","2"]', '["3","4"]', '["5","6"]']


def test_a_question_comes_with_choices_and_a_guess(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    path.write_bytes("id,name\n1,Jürgen\n2,José\n".encode("cp1252"))
    status, found = as_json(capsys, path)
    [question] = found["questions"]

    assert (status, question["key"], question["guess"]) == (3, "encoding", "cp1252")
    assert question["guess"] in {choice["value"] for choice in question["choices"]}
    status, found = as_json(capsys, path, "--answer", "encoding=cp1252")
    assert (status, found["encoding"]) == (0, "cp1252")


def test_names_of_several_languages_are_not_taken_for_a_code_page_that_nobody_uses(
    capsys: pytest.CaptureFixture[str], path: Path
) -> None:
    path.write_bytes(b"name;note\n" + b"".join(f"Zoë {n};Straße {n}\n".encode("cp1252") for n in range(30)))
    _, found = as_json(capsys, path)
    [question] = found["questions"]
    assert (question["key"], question["guess"]) == ("encoding", "cp1252")


def test_a_damaged_file_is_refused_by_line_and_leaves_nothing(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    path.write_text("a,b\n1,2\n3,4,5\n6,7\n")
    target = path.with_name("rows.jsonl")
    status, found = as_json(capsys, path, "--rows", target)

    assert (status, found["outcome"], found["problem_count"]) == (2, "refused", 1)
    [problem] = found["problems"]
    assert (problem["line"], problem["row"], problem["excerpt"]) == (3, 2, "3,4,5")
    assert [found.name for found in path.parent.iterdir() if found.is_file()] == [path.name]


def test_bad_rows_are_left_knowingly(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    path.write_text('a,b\n1,2\n3,4,5\n6,"7"\n8"9",0\n')
    status, found = as_json(capsys, path, "--answer", "bad_rows=leave")

    assert (status, found["rows"], found["left_out_count"]) == (0, 2, 2)
    assert [problem["line"] for problem in found["left_out"]] == [3, 5]


def test_it_speaks_to_people_too(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    path.write_text("a,b\n1,2\n3\n4,5\n")
    status, text = inspected(capsys, path)

    assert status == 2
    assert "line 3, row 2: 1 cell where the header has 2. Perhaps it is the end of the row on line 2.: 3" in text


def test_a_file_that_is_not_there_is_a_sentence(path: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as caught:
        call_command("inspectfile", str(path))
    assert caught.value.returncode == 2


@pytest.mark.parametrize("answer", ["encoding=base64", "delimiter=ab", "quoting=x"])
def test_an_answer_that_means_nothing_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], path: Path, answer: str
) -> None:
    path.write_text("a,b\n1,2\n")
    status, found = as_json(capsys, path, "--answer", answer)

    assert (status, found["outcome"]) == (2, "refused")
    assert found["problems"][0]["message"]
