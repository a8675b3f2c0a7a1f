"""Whatever the bytes and whatever the name: a table, a question or a sentence. Never anything else."""

from __future__ import annotations

import gzip
import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.tables import Asks, Limits, ReadingError, open_table
from tests.tables.forms import excel, parquet_file, shared, zipped

LIMITS = Limits(rows=200, columns=20, cell=500, unpacked=200_000)
NAMES = ["", "x.csv", "x.tsv", "x.json", "x.jsonl", "x.xlsx", "x.parquet", "x.csv.gz", "x.zip", "x.pdf", "x.xls"]
ROWS = [["id", "text"], ["007", "a"], ["008", "bé"], ["009", "c"]]
OBJECTS = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
REQUEST = {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": {"model": "m", "input": "x"}}
GOOD = [
    "\n".join(map(",".join, ROWS)).encode(),
    "\n".join(map(json.dumps, OBJECTS)).encode(),
    json.dumps(OBJECTS, ensure_ascii=False, indent=1).encode(),
    json.dumps(OBJECTS).encode("utf-16"),
    (json.dumps(REQUEST) + "\n").encode(),
    excel(ROWS),
    excel(ROWS, [["x"], [1.5]]),
    shared(ROWS),
    parquet_file({"id": ["1", "2"], "n": [1.5, None], "l": [[1], []]}),
    gzip.compress(b"id,text\n1,a\n"),
    zipped({"table.csv": "id,text\n1,a\n"}),
    zipped({"a.csv": "id,text\n1,a\n", "b.json": json.dumps(OBJECTS)}),
]
BEGINNINGS = [b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"PAR1", b'{"a":', b'[{"a"', b"\xd0\xcf\x11\xe0", b"BM\0"]
Outcome = ReadingError | Asks | list[list[str]]


def outcome(data: bytes, filename: str = "", answers: dict[str, str] | None = None) -> Outcome:
    try:
        table = open_table(io.BytesIO(data), filename=filename, answers=answers or {}, limits=LIMITS)
        return [table.columns, *table.rows()]
    except (ReadingError, Asks) as said:
        return said


def check(found: Outcome) -> None:
    if isinstance(found, ReadingError):
        assert found.problem_count >= len(found.problems) >= 1
        assert all(problem.message for problem in found.problems)
    elif isinstance(found, Asks):
        assert all(question.text and question.choices for question in found.questions)
    else:
        columns, *rows = found
        assert columns
        assert all(len(row) == len(columns) for row in rows)
        assert all(len(cell) <= LIMITS.cell for row in rows for cell in row)
        "".join(cell for row in found for cell in row).encode()  # whatever is read can be stored


answers = st.dictionaries(st.sampled_from(["bad_rows", "sheet", "file"]), st.sampled_from(["leave", "A", "a.csv", "?"]))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=300), st.sampled_from(NAMES), answers)
def test_any_bytes_under_any_name(begin: bytes, data: bytes, filename: str, given: dict[str, str]) -> None:
    check(outcome(data, filename, given))
    check(outcome(begin + data, filename, given))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with a few bytes changed, lost or added, or cut."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1)) if data else 0
        match draw(st.sampled_from(["change", "lose", "add", "cut"])):
            case "change":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "lose":
                del data[at : at + draw(st.integers(1, 20))]
            case "add":
                data[at:at] = draw(st.binary(min_size=1, max_size=20))
            case _:
                del data[at:]
    return bytes(data)


@settings(max_examples=500, deadline=None)
@given(damaged(), st.sampled_from(NAMES), answers)
def test_any_damage_to_any_form(data: bytes, filename: str, given: dict[str, str]) -> None:
    check(outcome(data, filename, given))


def test_the_good_files_are_good() -> None:
    assert not [data for data in GOOD if isinstance(outcome(data), ReadingError)]
    assert all(isinstance(outcome(data, "", {"sheet": "A", "file": "a.csv"}), list) for data in GOOD)
