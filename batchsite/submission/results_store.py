"""Storing results as they arrive, with the sums that change with it.

Everything here is idempotent: rows may be stored any number of times, whole or in part, by one process after
another. The caller has locked the batch and the submission.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from batchsite.batches.course import record_progress
from batchsite.batches.models import Batch, RawPage, Submission
from batchsite.batches.signals import pictures_came
from batchsite.batches.states import RowState
from batchsite.batches.timeline import note
from batchsite.pricing.spend import Payer, spent
from batchsite.submission.checked_page import CheckedRow
from batchsite.submission.extra_answers import Answered, count_extras, short_fingerprint
from batchsite.submission.known_results import Known, known_results
from batchsite.submission.request_owners import owners, rows_of
from batchsite.submission.result_records import (
    COLUMNS,
    TOKENS,
    Record,
    cost_of,
    flaws_in,
    packed,
    record,
    sums_over,
    write,
)
from batchsite.teams.accounts import key_name
from batchsite.xai.result_page import RawRow
from batchsite.xai.types import ResultRow

STRAYS_KEPT = 200
ROWS_A_RAW_PAGE = 1_000
"""Rows of a raw page: to show one row, its whole page is unpacked."""


def store_rows(submission: Submission, rows: Sequence[CheckedRow]) -> None:
    """Stores checked result rows and updates all sums in the same transaction."""
    rows_by_id = owners(submission, [row.raw.result.batch_request_id for row in rows])
    fresh: dict[int, CheckedRow] = {}
    strays: list[RawRow] = []
    for checked in rows:
        result = checked.raw.result
        row = rows_by_id.get(result.batch_request_id)
        if result.outcome == "not_ready":
            continue  # it comes later (facts 2.7)
        if row is None:
            strays.append(checked.raw)
        elif row not in fresh or _rank(result.outcome) > _rank(fresh[row].raw.result.outcome):
            fresh[row] = checked  # a duplicate never takes an answer away
    known = known_results(submission.batch_id, fresh)
    for row in [row for row in fresh if row in known and _was_not_sent(known[row])]:
        strays.append(fresh.pop(row).raw)
    wins = {row: checked for row, checked in fresh.items() if _wins(submission, checked.raw.result, known.get(row))}
    _keep_strays(submission, strays)
    _write(submission, wins, known)
    winners = {id(checked) for checked in wins.values()}
    others = [row.raw for row in rows if row.raw.result.outcome == "succeeded" and id(row) not in winners]
    stored = {request_id: known[row] for request_id, row in rows_by_id.items() if row in known}
    billed = [(row, cost_of(submission, row.result)) for row in others if not _is_stored(submission, row, stored)]
    _count_extras(submission, [answer for answer in billed if answer[1]])


def _write(submission: Submission, wins: Mapping[int, CheckedRow], known: Mapping[int, Known]) -> None:
    """Writes results by row, with their raw JSON and the sums."""
    records: list[Record] = []
    arrived = list(wins.items())
    for start in range(0, len(arrived), ROWS_A_RAW_PAGE):
        part = arrived[start : start + ROWS_A_RAW_PAGE]
        page = _keep_raw(submission, [checked.raw for _, checked in part])
        records += [
            record(
                submission,
                row,
                checked.raw.result,
                known.get(row),
                page,
                checked.misfit,
                short_fingerprint(checked.raw) if checked.raw.result.outcome == "succeeded" else None,
            )
            for row, checked in part
        ]
    if records:
        write(records)
        _update_sums(submission, records, known)
        if any(checked.raw.result.pictures for checked in wins.values()):
            pictures_came.send(Batch, batch=submission.batch)


def _is_stored(submission: Submission, row: RawRow, stored: Mapping[str, Known]) -> bool:
    """Whether the answer is the stored one, as are nearly all of a page that is read again.

    Decided without the raw pages, as this runs while the database is locked.
    """
    known = stored.get(row.result.batch_request_id)
    if known is None or known.submission_id != submission.pk or known.fingerprint is None:
        return False
    return known.fingerprint == short_fingerprint(row)


def _count_extras(submission: Submission, answers: Sequence[Answered]) -> None:
    """Counts those of `answers` that were billed and are not results."""
    if not answers:
        return
    rows = rows_of(submission, {row.result.batch_request_id for row, _ in answers})
    known = known_results(submission.batch_id, rows.values())
    kept = {request_id: known[row].pages_of(submission) for request_id, row in rows.items() if row in known}
    cost = count_extras(submission, answers, kept)
    if cost:
        _add(Submission.objects.filter(pk=submission.pk), {"cost_ticks": cost})
        _add(Batch.objects.filter(pk=submission.batch_id), {"cost_ticks": cost})
        submission.refresh_from_db(fields=["cost_ticks"])
        spent(_payer(submission.batch), ticks=cost)


_RANKS = {"succeeded": 3, "failed": 2, "cancelled": 1, RowState.MISSING: 0, RowState.PENDING: 0}


def _rank(state: str) -> int:
    """Returns a number: of two outcomes of one request the higher is believed, an answer rather than an error."""
    return _RANKS[state]


def _wins(submission: Submission, result: ResultRow, known: Known | None) -> bool:
    """Whether an arriving result replaces the stored one."""
    if known is None:
        return True
    if known.submission_id == submission.pk:
        return _rank(result.outcome) > _rank(known.state)
    return known.submission_id is not None and known.submission_id < submission.pk


def _was_not_sent(known: Known) -> bool:
    """Whether no submission sent the row: it was answered when it was tried, it was skipped, or it is a copy."""
    return known.submission_id is None or known.state == RowState.SKIPPED or known.copy_of is not None


# ---- raw pages ----------------------------------------------------------------------------------


def _keep_raw(submission: Submission, rows: Sequence[RawRow]) -> int:
    return RawPage.objects.create(submission=submission, data=packed(row.json for row in rows)).pk


def _keep_strays(submission: Submission, strays: Sequence[RawRow]) -> None:
    """Stores results for ids that we never sent, and reports them once."""
    fresh = sorted({stray.result.batch_request_id for stray in strays} - set(submission.stray_ids))
    if not fresh or len(submission.stray_ids) >= STRAYS_KEPT:
        return
    _keep_raw(submission, [stray for stray in strays if stray.result.batch_request_id in fresh])
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


def _update_sums(submission: Submission, records: Sequence[Record], known: Mapping[int, Known]) -> None:
    """Updates the counters of submission and batch by what these records change."""
    columns = dict(zip(COLUMNS, zip(*records, strict=True), strict=True))
    states = Counter(columns["state"])
    replaced = [known[row] for row in columns["row"] if row in known]
    before = [one for one in replaced if one.state in _COUNTED]
    own_moves: Counter[str] = Counter({str(state): states[state] for state in _COUNTED})
    batch_moves = own_moves.copy()
    own_moves.subtract(one.state for one in before if one.submission_id == submission.pk)
    batch_moves.subtract(one.state for one in before)
    batch_moves.update(flaws_in(records))
    batch_moves.subtract(flaws_in(replaced))
    cost = sum(columns["cost_ticks"]) - sum(one.cost_ticks for one in replaced)
    now = timezone.now()
    _add(Submission.objects.filter(pk=submission.pk), {**own_moves, "cost_ticks": cost}, changed_at=now)
    submission.refresh_from_db(fields=["succeeded", "failed", "cancelled", "missing", "cost_ticks", "changed_at"])
    sums = sums_over(records)
    sums["cached_tokens"] = sum(record.cached_tokens or 0 for record in records)
    dearest = Greatest(F("dearest_ticks"), Value(max(columns["cost_ticks"]), models.BigIntegerField()))
    _add(
        Batch.objects.filter(pk=submission.batch_id), {**batch_moves, **sums, "cost_ticks": cost}, dearest_ticks=dearest
    )
    received = [record.state for record in records if record.raw_page_id is not None]  # not declared by us
    came, failed = len(received), len(received) - received.count(RowState.SUCCEEDED)
    tokens = {name: sums[name] for name in TOKENS}
    spent(_payer(submission.batch), ticks=cost, rows=came, failed=failed, **tokens)
    _record_progress(submission.batch_id)
    if came and submission.batch.first_result_at is None:
        _first_result(submission)


def _first_result(submission: Submission) -> None:
    now = submission.batch.first_result_at = timezone.now()
    if Batch.objects.filter(pk=submission.batch_id, first_result_at=None).update(first_result_at=now):
        note(submission.batch_id, "first_result", "First result")


def _record_progress(batch_id: int) -> None:
    """Records how many rows are done, for the chart."""
    batch = Batch.objects.get(pk=batch_id)
    record_progress(batch_id, batch.done, batch.started_at)


def _payer(batch: Batch) -> Payer:
    key = key_name(batch.account, batch.key)
    return Payer(batch.team_id, batch.account, batch.model, batch.started_by_id, key, batch.pk, batch.name)


def _add(rows: models.QuerySet[Any], moves: Mapping[str, int], **values: object) -> None:
    changed: dict[str, Any] = {str(name): F(str(name)) + move for name, move in moves.items() if move}
    if changed or values:
        rows.update(**changed, **values)


def declare(submission: Submission, rows: Sequence[int], state: RowState, reason: str, cause: str) -> int:
    """Gives those of `rows` without a result one of our own. Returns how many rows there were.

    `reason` is for people; failures are grouped by `cause`.
    """
    known = known_results(submission.batch_id, rows)
    open_rows = [row for row in rows if row not in known or known[row].state == RowState.PENDING]
    if submission.retry_of is not None:
        open_rows = [row for row in open_rows if row in known and known[row].submission_id == submission.pk]
    result = ResultRow("", "failed", error=reason)
    records = [
        record(submission, row, result, known.get(row), None)._replace(state=str(state), cause=cause)
        for row in open_rows
    ]
    if records:
        write(records)
        _update_sums(submission, records, known)
    return len(records)


def skip(submission: Submission, reasons: Mapping[int, str]) -> None:
    """Declares rows skipped, in the transaction that plans the others. `reasons` are by row."""
    if not reasons:
        return
    unsent = ResultRow("", "failed")
    records = [
        record(submission, row, unsent, None, None)._replace(state=str(RowState.SKIPPED), error=reason, cause="")
        for row, reason in reasons.items()
    ]
    write(records)
    Batch.objects.filter(pk=submission.batch_id).update(skipped=F("skipped") + len(records))
