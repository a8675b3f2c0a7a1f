"""Rows of the table of results, written a page at a time."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from django.db import connection

from batchsite.batches.answer_flaws import COUNTERS
from batchsite.batches.models import Result, Submission
from batchsite.batches.states import RowState
from batchsite.batches.tool_use import sums_of, tool_use_of
from batchsite.xai.types import ResultRow

TOKENS = ("prompt_tokens", "completion_tokens", "reasoning_tokens")


class Record(NamedTuple):
    """The columns of a Result, in the order of `COLUMNS`."""

    batch_id: int
    row: int
    submission_id: int | None
    state: str
    attempt: int
    answer: str
    error: str
    cause: str
    misfit: str
    others: str | None
    """JSON."""
    finish_reason: str
    answered_by: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost_ticks: int
    raw_page_id: int | None
    earlier: str | None
    fingerprint: int | None = None
    """Of the completion of a succeeded row: see `extra_answers`."""
    copy_of: int | None = None
    tool_use: str | None = None
    """JSON."""
    cached_tokens: int | None = None


COLUMNS = Record._fields
_TYPES = {"batch_id": "bigint", "row": "bigint", "submission_id": "bigint", "attempt": "smallint"} | dict.fromkeys(
    TOKENS, "integer"
)
_TYPES |= {
    "cost_ticks": "bigint",
    "raw_page_id": "bigint",
    "fingerprint": "bigint",
    "copy_of": "bigint",
    "cached_tokens": "integer",
    "earlier": "jsonb",
    "others": "jsonb",
    "tool_use": "jsonb",
}


def flaws_in(records: Iterable[Any]) -> Counter[str]:
    """Returns how many of these records or results each of the batch's counters of flawed answers covers."""
    counts: Counter[str] = Counter()
    for record in records:
        if record.state == RowState.SUCCEEDED:
            counts["several"] += bool(record.others)
            counts["misfits"] += bool(record.misfit)
            if record.cause in COUNTERS:
                counts[COUNTERS[record.cause]] += 1
    return counts


def others_of(result: ResultRow) -> str | None:
    """Returns the further answers of a row as JSON. None if there are none."""
    return orjson.dumps([clean(text) for text in result.others]).decode() if result.others else None


def tools_of(result: ResultRow) -> str | None:
    """Returns what a row took from tools, as JSON. None if nothing."""
    return as_json(tool_use_of(result))


def sums_over(records: Iterable[Record]) -> dict[str, int]:
    """Returns {sum of a batch over its answers: what these records add to it}."""
    listed = list(records)
    tokens = {name: sum(getattr(record, name) for record in listed) for name in TOKENS}
    return tokens | sums_of(orjson.loads(record.tool_use) for record in listed if record.tool_use)


def as_json(value: Any) -> str | None:
    """Returns what a JSON column holds as it is written here. None for null."""
    return None if value is None else orjson.dumps(value).decode()


def clean(text: str) -> str:
    """Returns the text without NUL, which PostgreSQL cannot store. The raw row keeps what came."""
    return text.replace("\0", "�") if "\0" in text else text


def packed(raws: Sequence[dict[str, Any]]) -> bytes:
    """Returns raw rows as a RawPage stores them."""
    return zlib.compress(orjson.dumps(raws), 1)


def write(records: Sequence[Record]) -> None:
    """Insert or replace results in one statement, 20 to 100 times faster than bulk_update."""
    names = [connection.ops.quote_name(name) for name in COLUMNS]
    into = f"INSERT INTO {Result._meta.db_table} ({', '.join(names)})"
    updates = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
    conflict = f"ON CONFLICT ({names[0]}, {names[1]}) DO UPDATE SET {updates}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in COLUMNS)
            values = [list(column) for column in zip(*records, strict=True)]
            cursor.execute(f"{into} SELECT * FROM unnest({arrays}) {conflict}", values)  # noqa: S608
        else:
            marks = ", ".join(["%s"] * len(COLUMNS))
            cursor.executemany(f"{into} VALUES ({marks}) {conflict}", records)


def pending_record(submission: Submission, result: Result, earlier: list[dict[str, Any]]) -> Record:
    """Returns the row of `result` as tried again by `submission`. Its cost so far stays in it."""
    return Record(
        batch_id=submission.batch_id,
        row=result.row,
        submission_id=submission.pk,
        state=str(RowState.PENDING),
        attempt=result.attempt + 1,
        answer="",
        error="",
        cause="",
        misfit="",
        others=None,
        finish_reason="",
        answered_by="",
        prompt_tokens=0,
        completion_tokens=0,
        reasoning_tokens=0,
        cost_ticks=result.cost_ticks,
        raw_page_id=None,
        earlier=orjson.dumps(earlier).decode(),
    )
