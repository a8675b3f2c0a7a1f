"""A batch file in the form of OpenAI and xAI: requests that are run as they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tables.forms import opened, read, refused

COLUMNS = ["custom_id", "method", "url", "body"]
CHAT = "/v1/chat/completions"


def request(**changes: Any) -> dict[str, Any]:
    body = {"model": "grok-4", "messages": [{"role": "user", "content": "Capital of Peru?"}]}
    made = {"custom_id": "r1", "method": "POST", "url": CHAT, "body": body, **changes}
    return {key: value for key, value in made.items() if value is not ...}


def lines(*requests: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in requests)


def test_requests_have_four_columns_and_their_body_as_it_stands() -> None:
    body = '{ "model" : "grok-4", "temperature": 0.10, "messages": [{"role":"user","content":"\\u00e9"}] }'
    data = f'{{"custom_id":"a","method":"POST","url":"{CHAT}","body": {body} }}\n'

    table = opened(data, "batch.jsonl")

    assert table.understood.form == "requests"
    assert [table.columns, *table.rows()] == [COLUMNS, ["a", "POST", CHAT, body]]


def test_a_whole_file_of_one_line_is_one_too() -> None:
    assert read(lines(request()), "upload.json")[0] == COLUMNS


def test_method_and_url_follow_from_the_body_where_they_are_absent() -> None:
    table = opened(
        lines(
            request(method=..., url=...),
            request(custom_id="r2", method=..., url=..., body={"model": "grok-4", "input": "Hi"}),
        )
    )

    assert [row[:3] for row in table.rows()] == [["r1", "POST", CHAT], ["r2", "POST", "/v1/responses"]]
    assert "follows from the body" in table.understood.notes[0]


FAULTS = [
    (request(custom_id="r0"), "“r0” appears on an earlier line", 1),
    (request(custom_id=...), "custom_id is missing", 1),
    (request(custom_id=7), "custom_id must be a text, and is a number", 1),
    (request(custom_id=""), "custom_id must be a text", 1),
    (request(method="GET"), "method must be “POST”", 2),
    (request(url="/v1/embeddings"), "don’t support this url", 3),
    (request(url=None), "don’t support this url", 3),
    (request(body=...), "body is missing", 4),
    (request(body="{}"), "body must be an object, and is a text", 4),
    (request(body={"messages": [{}]}), "names no model", 4),
    (request(body={"model": "grok-4"}), "no messages", 4),
    (request(body={"model": "grok-4", "messages": []}), "no messages", 4),
    (request(url="/v1/responses"), "no input", 4),
    (request(url="/v1/images/generations"), "no prompt", 4),
    (request(params={}), "“params” is not part of a request", None),
]


@pytest.mark.parametrize(("bad", "words", "column"), FAULTS, ids=[words for _, words, _ in FAULTS])
def test_each_fault_is_named_by_its_line(bad: dict[str, Any], words: str, column: int | None) -> None:
    data = lines(request(custom_id="r0"), bad, request(custom_id="r9"))

    (problem,) = refused(data)

    assert words in problem.message
    assert (problem.line, problem.row, problem.column) == (2, 2, column)
    assert [row[0] for row in opened(data, bad_rows="leave").rows()] == ["r0", "r9"]


def test_ids_are_unique_among_many() -> None:
    many = [request(custom_id=f"r{number}") for number in range(900)]

    assert len(list(opened(lines(*many)).rows())) == 900
    assert [problem.line for problem in refused(lines(*many, request(custom_id="r450")))] == [901]


def test_lines_with_an_id_but_no_body_are_plain_json() -> None:
    assert read('{"custom_id":"a","text":"b"}\n{"custom_id":"a","text":"c"}\n')[0] == ["custom_id", "text"]
