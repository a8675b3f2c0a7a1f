"""What the writers write, byte for byte."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

import orjson
import pytest

from batchsite.exports.text_writers import (
    Row,
    RowOutcome,
    Writer,
    csv_exact,
    csv_excel,
    json_array,
    jsonl,
    usd,
)
from batchsite.recipes.download_columns import column_names

ANSWERED = RowOutcome("tickets-row-1", "succeeded", "Card", "", "stop", "grok-4.3", 287, 42, 58, 2_148_000)
FAILED = RowOutcome("tickets-row-2", "failed", error="Content policy", cost_ticks=0)
PENDING = RowOutcome("tickets-row-3", "pending")
ROWS: list[Row] = [(["1", "Hello"], ANSWERED), (["2", 'say "hi", then\nleave'], FAILED), (["3", ""], PENDING)]
OURS = (
    '"batch_request_id","state","answer","error","warning","finish_reason","answered_by",'
    '"prompt_tokens","completion_tokens","reasoning_tokens","cost_usd"\r\n'
)


def written(writer: Writer, rows: Sequence[Row] = ROWS, columns: Sequence[str] = ("id", "text")) -> bytes:
    return b"".join(writer(columns, iter(rows)))


def test_exact_csv_quotes_every_text_and_keeps_it() -> None:
    assert written(csv_exact).decode() == (
        f'"id","text",{OURS}'
        '"1","Hello","tickets-row-1","succeeded","Card","","","stop","grok-4.3","287","42","58","0.0002148"\r\n'
        '"2","say ""hi"", then\nleave","tickets-row-2","failed","","Content policy","","","","","","","0"\r\n'
        '"3","","tickets-row-3","pending","","","","","","","","",""\r\n'
    )


def test_json_lines_hold_an_object_a_row() -> None:
    first, second, third = written(jsonl).splitlines()

    assert orjson.loads(first) == {
        "id": "1",
        "text": "Hello",
        "batch_request_id": "tickets-row-1",
        "state": "succeeded",
        "answer": "Card",
        "error": "",
        "warning": "",
        "finish_reason": "stop",
        "answered_by": "grok-4.3",
        "prompt_tokens": 287,
        "completion_tokens": 42,
        "reasoning_tokens": 58,
        "cost_usd": "0.0002148",
    }
    assert orjson.loads(second)["text"] == 'say "hi", then\nleave'
    assert [orjson.loads(third)[name] for name in ("prompt_tokens", "cost_usd")] == [None, None]


def test_a_json_array_holds_the_objects_of_json_lines() -> None:
    lines = [json.loads(line) for line in written(jsonl).splitlines()]

    assert json.loads(written(json_array)) == lines
    assert json.loads(written(json_array, [])) == []


@pytest.mark.parametrize("count", [499, 500, 501, 1200])
def test_rows_stay_whole_across_buffers(count: int) -> None:
    rows: list[Row] = [([str(number), "a"], PENDING) for number in range(count)]

    assert [row["id"] for row in json.loads(written(json_array, rows))] == [str(number) for number in range(count)]
    assert len(list(csv.reader(io.StringIO(written(csv_exact, rows).decode(), newline="")))) == count + 1


def test_rows_are_taken_as_they_are_written() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield ["1", "a"], PENDING

    buffers = csv_exact(["id", "text"], endless())  # type: ignore[arg-type]
    next(buffers)
    next(buffers)

    assert taken == 500


@pytest.mark.parametrize("writer", [csv_exact, csv_excel, jsonl, json_array])
def test_the_columns_of_the_dataset_keep_their_names(writer: Writer) -> None:
    columns = ["answer", "state", "state_2", "cost_usd"]
    names = column_names(columns)

    assert names[:4] == columns
    assert names[4:] == [
        "batch_request_id",
        "state_3",
        "answer_2",
        "error",
        "warning",
        "finish_reason",
        "answered_by",
        "prompt_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "cost_usd_2",
    ]
    out = written(writer, [(["my answer", "my state", "x", "1e-5"], ANSWERED)], columns).decode("utf-8-sig")
    assert "state_3" in out
    assert "my answer" in out


@pytest.mark.parametrize(
    ("ticks", "text"),
    [
        (None, ""),
        (0, "0"),
        (1, "0.0000000001"),
        (123_456, "0.0000123456"),
        (10_000_000_000, "1"),
        (15_000_000_000, "1.5"),
        (123_456_789_012_345_678_901, "12345678901.2345678901"),
        (100 * 10**10, "100"),
    ],
)
def test_money_is_an_exact_decimal(ticks: int | None, text: str) -> None:
    assert usd(ticks) == text


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("＝1+1", "'＝1+1"),
        ("-", "'-"),
        ("-5", "-5"),
        ("+3.25", "+3.25"),
        ("-1,234.50", "-1,234.50"),
        ("-1e-5", "-1e-5"),
        ("1=1", "1=1"),
        ("", ""),
        ("'quoted", "'quoted"),
    ],
)
def test_no_cell_is_a_formula_for_excel(cell: str, safe: str) -> None:
    out = written(csv_excel, [(["1", cell], RowOutcome("r-1", "succeeded", answer=cell))]).decode("utf-8-sig")
    row = list(csv.reader(io.StringIO(out, newline="")))[1]

    assert (row[1], row[4]) == (safe, safe)


def test_excel_is_told_the_encoding_and_gets_safe_names() -> None:
    out = written(csv_excel, [], ["=x", "é"])

    assert out.startswith(b'\xef\xbb\xbf"\'=x","\xc3\xa9",')
    assert not written(csv_exact).startswith(b"\xef\xbb\xbf")
