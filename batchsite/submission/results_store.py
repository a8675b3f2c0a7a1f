"""A page of results into the database: who they belong to, what they change, and the sums that move with them.

Everything here is idempotent: a page may be stored any number of times, whole or in parts, and by two processes
one after the other (the submission's row is locked by the caller).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models
from django.db.models import F
from django.utils import timezone

from batchsite.batches.causes import cause_of
from batchsite.batches.course import record_progress
from batchsite.batches.models import Batch, RawPage, Result, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.pricing.spend import Payer, spent
from batchsite.submission.checked_page import CheckedRow
from batchsite.submission.request_owners import owners
from batchsite.submission.result_records import TOKENS, Record, clean, packed, write
from batchsite.xai.catalogue import batch_cost, list_price
from batchsite.xai.types import ResultRow

STRAYS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a row already."""

    row: int
    state: str
    submission_id: int | None
    attempt: int
    cost_ticks: int
    error: str
    cause: str
    misfit: str
    raw_page_id: int | None
    earlier: str | None


@dataclass
class Stored:
    """What a page brought."""

    changed: int = 0
    """Rows that are new, or whose fate is another now."""
    not_ready: int = 0
    """Rows that the provider will show later (facts 2.7)."""
    strays: list[str] = field(default_factory=list)
    """Ids that were never sent."""


def store_page(submission: Submission, rows: Sequence[CheckedRow]) -> Stored:
    """Store a checked page of results of a locked submission, and move all sums in the same transaction."""
    stored = Stored()
    rows_by_id = owners(submission, (row.result.batch_request_id for row in rows))
    fresh: dict[int, CheckedRow] = {}
    stray_rows = []
    for checked in rows:
        result = checked.result
        row = rows_by_id.get(result.batch_request_id)
        if result.outcome == "not_ready":
            stored.not_ready += 1
        elif row is None:
            stored.strays.append(result.batch_request_id)
            stray_rows.append(checked.raw)
        elif row not in fresh or _rank(result.outcome) > _rank(fresh[row].result.outcome):
            fresh[row] = checked  # a duplicate never takes an answer away
    known = _known(submission.batch_id, fresh)
    for row in [row for row in fresh if row in known and _was_not_sent(known[row])]:
        stored.strays.append(fresh[row].result.batch_request_id)
        stray_rows.append(fresh.pop(row).raw)
    wins = {row: checked for row, checked in fresh.items() if _wins(submission, checked.result, known.get(row))}
    _keep_strays(submission, stored.strays, stray_rows)
    if wins:
        stored.changed = len(wins)
        page = _keep_raw(submission, [checked.raw for checked in wins.values()])
        records = [
            _record(submission, row, checked.result, known.get(row), page, checked.misfit)
            for row, checked in wins.items()
        ]
        write(records)
        _move_sums(submission, records, known)
    return stored


def _known(batch_id: int, rows: Iterable[int]) -> dict[int, Known]:
    """What is stored of these rows. Its own SQL: building a query with a thousand values takes longer than asking."""
    wanted = list(rows)
    if not wanted:
        return {}
    names = ", ".join(map(connection.ops.quote_name, Known.__dataclass_fields__))
    marks = ", ".join(["%s"] * len(wanted))
    sql = f"SELECT {names} FROM {Result._meta.db_table} WHERE batch_id = %s AND {connection.ops.quote_name('row')}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} IN ({marks})", [batch_id, *wanted])
        return {values[0]: Known(*values) for values in cursor.fetchall()}


_RANKS = {"succeeded": 3, "failed": 2, "cancelled": 1, RowState.MISSING: 0, RowState.PENDING: 0}


def _rank(state: str) -> int:
    """Which of two outcomes of the same request is believed: rows outrank counters, answers outrank errors."""
    return _RANKS[state]


def _wins(submission: Submission, result: ResultRow, known: Known | None) -> bool:
    """Whether an arriving result takes the place of what is stored."""
    if known is None:
        return True
    if known.submission_id == submission.pk:
        return _rank(result.outcome) > _rank(known.state)
    return known.submission_id is not None and known.submission_id < submission.pk


def _was_not_sent(known: Known) -> bool:
    """A row that was answered when it was tried, or was skipped: no submission sent it."""
    return known.submission_id is None or known.state == RowState.SKIPPED


# ---- records ------------------------------------------------------------------------------------


def _record(
    submission: Submission, row: int, result: ResultRow, known: Known | None, page: int | None, misfit: str = ""
) -> Record:
    usage, succeeded = result.usage, result.outcome == "succeeded"
    # "Finish with what is there" cancels at xAI, but for the person these rows are missing, not cancelled.
    given_up = result.outcome == "cancelled" and submission.ending == State.COMPLETED
    cost = usage.cost_ticks if usage else 0
    if cost is None:
        cost = _arithmetic(submission.batch.model, result)
    answer = clean(result.content or result.refusal)
    return Record(
        batch_id=submission.batch_id,
        row=row,
        submission_id=submission.pk,
        state=str(RowState.MISSING) if given_up else result.outcome,
        attempt=known.attempt if known else 1,
        answer=answer,
        error=submission.ending_reason if given_up else clean(result.error),
        cause="missing" if given_up else "" if succeeded else cause_of(result.error, result.error_code)[:60],
        misfit=misfit,
        finish_reason=result.finish_reason[:40],
        answered_by=clean(result.model)[:100],
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        reasoning_tokens=usage.reasoning_tokens if usage else 0,
        cost_ticks=cost + (known.cost_ticks if known else 0),
        raw_page_id=page,
        earlier=known.earlier if known else None,
    )


def _arithmetic(model: str, result: ResultRow) -> int:
    """The cost by tokens, where the provider named none (facts 2.13)."""
    price, usage = list_price(result.model) or list_price(model), result.usage
    if price is None or usage is None:
        return 0
    return batch_cost(
        price,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.completion_tokens + usage.reasoning_tokens,
    )


def _keep_raw(submission: Submission, raws: Sequence[dict[str, Any]]) -> int:
    return RawPage.objects.create(submission=submission, data=packed(raws)).pk


def _keep_strays(submission: Submission, ids: Sequence[str], raws: Sequence[dict[str, Any]]) -> None:
    """Results for ids that we never sent are kept and told, once."""
    fresh = sorted(set(ids) - set(submission.stray_ids))
    if not fresh or len(submission.stray_ids) >= STRAYS_KEPT:
        return
    _keep_raw(submission, [raw for raw in raws if raw.get("batch_request_id") in fresh])
    submission.stray_ids = [*submission.stray_ids, *fresh][:STRAYS_KEPT]
    submission.save(update_fields=["stray_ids"])
    note(
        submission.batch_id,
        "stray",
        f"xAI returned {len(fresh)} results for ids that were not sent; they are kept apart",
        submission=submission,
        detail=", ".join(fresh[:20]),
    )


# ---- sums ----------------------------------------------------------------------------------------

_COUNTED = (RowState.SUCCEEDED, RowState.FAILED, RowState.CANCELLED, RowState.MISSING)


def _move_sums(submission: Submission, records: Sequence[Record], known: dict[int, Known]) -> None:
    """Move the counters of submission and batch by what these records change."""
    batch_moves: dict[str, int] = dict.fromkeys((*_COUNTED, "misfits"), 0)
    own_moves: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    cost = 0
    for record in records:
        before = known.get(record.row)
        batch_moves[record.state] += 1
        own_moves[record.state] += 1
        batch_moves["misfits"] += bool(record.misfit) - bool(before and before.misfit)
        cost += record.cost_ticks - (before.cost_ticks if before else 0)
        if before and before.state in batch_moves:
            batch_moves[before.state] -= 1
            if before.submission_id == submission.pk:
                own_moves[before.state] -= 1
    now = timezone.now()
    _add(Submission.objects.filter(pk=submission.pk), own_moves | {"cost_ticks": cost})
    Submission.objects.filter(pk=submission.pk).update(changed_at=now)
    submission.refresh_from_db(fields=["succeeded", "failed", "cancelled", "missing", "cost_ticks", "changed_at"])
    tokens = {name: sum(getattr(record, name) for record in records) for name in TOKENS}
    _add(Batch.objects.filter(pk=submission.batch_id), batch_moves | tokens | {"cost_ticks": cost})
    heard = [record.state for record in records if record.raw_page_id is not None]  # not declared by ourselves
    came, failed = len(heard), len(heard) - heard.count(RowState.SUCCEEDED)
    spent(_payer(submission.batch), ticks=cost, rows=came, failed=failed, **tokens)
    _record_progress(submission.batch_id)
    if came and Batch.objects.filter(pk=submission.batch_id, first_result_at=None).update(first_result_at=now):
        note(submission.batch_id, "first_result", "First result")


def _record_progress(batch_id: int) -> None:
    """How far the batch is now, for its chart."""
    batch = Batch.objects.get(pk=batch_id)
    record_progress(batch_id, batch.done, batch.started_at)


def _payer(batch: Batch) -> Payer:
    return Payer(batch.team_id, batch.account, batch.model, batch.started_by_id)


def _add(rows: models.QuerySet[Any], moves: dict[str, int]) -> None:
    changed: dict[str, Any] = {str(name): F(str(name)) + move for name, move in moves.items() if move}
    if changed:
        rows.update(**changed)


def declare(submission: Submission, rows: Sequence[int], state: RowState, reason: str, cause: str) -> int:
    """Give those of `rows` that have no result yet one of our own, in words. The number of rows declared."""
    known = _known(submission.batch_id, rows)
    open_rows = [row for row in rows if row not in known or known[row].state == RowState.PENDING]
    if submission.retry_of is not None:
        open_rows = [row for row in open_rows if row in known and known[row].submission_id == submission.pk]
    result = ResultRow("", "failed", error=reason)
    records = [
        _record(submission, row, result, known.get(row), None)._replace(state=str(state), cause=cause)
        for row in open_rows
    ]
    if records:
        write(records)
        _move_sums(submission, records, known)
    return len(records)


def skip(submission: Submission, reasons: Mapping[int, str]) -> None:
    """Declare rows skipped, in the transaction that plans the others: they are not sent. {row: reason}."""
    if not reasons:
        return
    unsent = ResultRow("", "failed")
    records = [
        _record(submission, row, unsent, None, None)._replace(state=str(RowState.SKIPPED), error=reason, cause="")
        for row, reason in reasons.items()
    ]
    write(records)
    Batch.objects.filter(pk=submission.batch_id).update(skipped=F("skipped") + len(records))
