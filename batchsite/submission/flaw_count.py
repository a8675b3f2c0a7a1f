"""Counting the flawed answers of older batches, which were not counted on arrival: from raw pages, in small steps.

Counting a page twice changes nothing: only rows that have neither a cause nor further answers are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from batchsite.batches.answer_flaws import COUNTERS, flaw_of
from batchsite.batches.models import Batch, FlawCount, RawPage, Result
from batchsite.batches.states import RowState
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, take_due
from batchsite.submission.request_owners import rows_in
from batchsite.submission.result_records import clean, others_of
from batchsite.timeouts import timeouts
from batchsite.xai.results import read_result, with_calls_as_answers
from batchsite.xai.types import ResultRow


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for each batch whose answers are still to be looked through."""
    for count in take_due(FlawCount.objects.all(), now, team="batch__team", lane=lambda _: "long"):
        yield Job("batchsite.submission.tasks.count_flaws", (count.pk,), "long")


def step(count_id: int) -> None:
    """Look through raw pages for some seconds. Raises Busy, LeaseLost."""
    with claimed(FlawCount, count_id) as claim:
        end_in_words(claim, lambda: _count(claim), lambda reason: _give_up(claim, reason))


def _count(claim: Claim[FlawCount]) -> None:
    count = FlawCount.objects.select_related("batch").get(pk=claim.pk)
    until = timezone.now().timestamp() + timeouts().step
    pages = RawPage.objects.filter(Q(submission__batch=count.batch) | Q(batch=count.batch))
    for pk in list(pages.filter(pk__gt=count.page_through).order_by("pk").values_list("pk", flat=True)):
        _count_page(claim, count.batch, RawPage.objects.get(pk=pk))
        if timezone.now().timestamp() > until:
            claim.next_look_at = timezone.now()
            return
    with claim.locked() as finished:
        finished.delete()


def _give_up(claim: Claim[FlawCount], reason: str) -> None:
    text = f"Looking through answers from before they were checked {reason}. Empty and cut-off ones may be uncounted."
    with claim.locked() as count:
        note(count.batch_id, "problem", text)
        count.delete()


def _count_page(claim: Claim[FlawCount], batch: Batch, page: RawPage) -> None:
    flawed = _flawed_answers(page, may_call=batch.dataset.holds_requests)
    with transaction.atomic():
        lock_batch(batch.pk)
        with claim.locked() as count:
            if flawed:
                _correct(batch, page, flawed)
            count.page_through = page.pk
            count.save(update_fields=["page_through"])


def _flawed_answers(page: RawPage, *, may_call: bool) -> dict[str, ResultRow]:
    """Returns the flawed ones among the answers of a page, and those with others beside them, by request id."""
    answers: dict[str, ResultRow] = {}
    for raw in page.rows():
        result = read_result(raw)
        if may_call:
            result = with_calls_as_answers(result)
        if result.outcome == "succeeded":
            answers.setdefault(result.batch_request_id, result)
    return {key: result for key, result in answers.items() if result.others or _cause_of(result)}


def _cause_of(result: ResultRow) -> str:
    return flaw_of(result.content, result.refusal, result.finish_reason)


def _correct(batch: Batch, page: RawPage, flawed: Mapping[str, ResultRow]) -> None:
    """Write down what is wrong with the answers, and count them. The batch is locked."""
    by_row = {row: flawed[request_id] for request_id, row in rows_in(batch, flawed).items()}
    unjudged = Result.objects.filter(batch_id=batch.pk, cause="", others__isnull=True, raw_page_id=page.pk)
    counts: Counter[str] = Counter()
    for row in unjudged.filter(row__in=list(by_row), state=RowState.SUCCEEDED).values_list("row", flat=True):
        result = by_row[row]
        cause, others = _cause_of(result), others_of(result)
        Result.objects.filter(batch_id=batch.pk, row=row).update(
            cause=cause, others=orjson.loads(others) if others else None, answer=clean(result.content or result.refusal)
        )
        counts["several"] += bool(others)
        if cause:
            counts[COUNTERS[cause]] += 1
    if counts:
        Batch.objects.filter(pk=batch.pk).update(**{name: F(name) + number for name, number in counts.items()})
