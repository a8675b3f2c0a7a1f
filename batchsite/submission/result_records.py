"""Rows of the table of results, written a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import orjson
from django.db import connection
from isal import isal_zlib

from batchsite.batches.answer_flaws import COUNTERS, flaw_of
from batchsite.batches.causes import STOPPED, cause_of
from batchsite.batches.models import EndedBy, Result, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.tool_use import sums_of, tool_use_of
from batchsite.pricing.model_prices import media_model
from batchsite.submission.known_results import Known
from batchsite.xai.catalogue import EDITED_PICTURE, batch_cost, call_fees, list_cost, list_price
from batchsite.xai.types import ResultRow
from batchsite.xai.wire_json import BIGGEST

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
ROWS_AT_ONCE = 999 // len(COLUMNS)
"""In one statement on SQLite, which may take 999 values; a third less work than one by one (measured)."""
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


def packed(rows: Iterable[bytes]) -> bytes:
    """Returns raw rows, each in JSON, as a RawPage stores them. isal packs faster than zlib, to the same format."""
    return isal_zlib.compress(b"".join((b"[", b",".join(rows), b"]")), 1)


def write(records: Sequence[Record]) -> None:
    """Inserts or replaces results in one statement, 20 to 100 times faster than bulk_update."""
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
            marks = f"({', '.join(['%s'] * len(COLUMNS))})"
            whole = len(records) // ROWS_AT_ONCE * ROWS_AT_ONCE
            many = [
                tuple(chain.from_iterable(records[start : start + ROWS_AT_ONCE]))
                for start in range(0, whole, ROWS_AT_ONCE)
            ]
            if many:
                cursor.executemany(f"{into} VALUES {', '.join([marks] * ROWS_AT_ONCE)} {conflict}", many)
            if whole < len(records):
                cursor.executemany(f"{into} VALUES {marks} {conflict}", records[whole:])


def record(
    submission: Submission,
    row: int,
    result: ResultRow,
    known: Known | None,
    page: int | None,
    misfit: str = "",
    fingerprint: int | None = None,
) -> Record:
    """Returns what is stored of a row's result; `known` is what is stored so far."""
    usage, succeeded = result.usage, result.outcome == "succeeded"
    # "Finished early" cancels at xAI, but for the person these rows are missing, not cancelled.
    given_up = result.outcome == "cancelled" and submission.ending == State.COMPLETED
    stopped = result.outcome == "cancelled" and submission.ended_by == EndedBy.CAP
    answer = clean(result.content or result.refusal)
    cause = (
        flaw_of(result.content, result.refusal, result.finish_reason)
        if succeeded
        else cause_of(result.error, result.error_code)
    )
    return Record(
        batch_id=submission.batch_id,
        row=row,
        submission_id=submission.pk,
        state=str(RowState.MISSING) if given_up else result.outcome,
        attempt=known.attempt if known else 1,
        answer=answer,
        error=submission.ending_reason if given_up or stopped else clean(result.error),
        cause="missing" if given_up else STOPPED if stopped else cause[:60],
        misfit=misfit,
        others=others_of(result) if succeeded else None,
        finish_reason=result.finish_reason[:40],
        answered_by=clean(result.model)[:100],
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        reasoning_tokens=usage.reasoning_tokens if usage else 0,
        cost_ticks=cost_of(submission, result) + (known.cost_ticks if known else 0),
        raw_page_id=page,
        earlier=known.earlier if known else None,
        fingerprint=fingerprint,
        tool_use=tools_of(result),
        cached_tokens=usage.cached_tokens if usage else None,
    )


def cost_of(submission: Submission, result: ResultRow) -> int:
    """Returns the ticks that a result was billed with: by its tokens, where the provider named none (facts 2.13)."""
    usage = result.usage
    if result.pictures and (usage is None or usage.cost_ticks is None):
        model = media_model(result.model) or media_model(submission.batch.model)
        goes_in = EDITED_PICTURE if submission.batch.picture_column else 0
        return model.least * len(result.pictures) + goes_in if model else 0
    if usage is None:
        return 0
    if usage.cost_ticks is not None:
        return usage.cost_ticks
    price = list_price(result.model) or list_price(submission.batch.model)
    if price is None:
        return 0
    counted = (list_cost if submission.is_live else batch_cost)(
        price,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.completion_tokens + usage.reasoning_tokens,
    ) + call_fees(usage.calls)
    return min(counted, BIGGEST)


def pending_record(submission: Submission, result: Result, earlier: list[dict[str, Any]]) -> Record:
    """Returns the row of `result` as tried again by `submission`. Its cost so far stays in it."""
    return unanswered(submission.batch_id, result.row, submission.pk)._replace(
        attempt=result.attempt + 1, cost_ticks=result.cost_ticks, earlier=orjson.dumps(earlier).decode()
    )


def unanswered(batch_id: int, row: int, submission_id: int | None) -> Record:
    """Returns a row that waits for its first answer."""
    return Record(
        batch_id=batch_id,
        row=row,
        submission_id=submission_id,
        state=str(RowState.PENDING),
        attempt=1,
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
        cost_ticks=0,
        raw_page_id=None,
        earlier=None,
    )
