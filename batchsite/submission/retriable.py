"""Which results a retry takes.

A retry is planned some time after it was requested. Until then, others may request the same rows: the first one takes
a row, and a retry never takes a row that another one has tried since the request.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from django.db.models import Q, QuerySet

from batchsite.batches.models import Batch, Result, Submission


class Retry(TypedDict):
    """What a person, or a standing choice, asked for: `Submission.retry_of`."""

    states: list[str]
    causes: NotRequired[list[str] | None]
    rows: NotRequired[list[int] | None]
    fit: NotRequired[str]
    """Only answers that do not fit their shape where this is "misfit"."""
    by_itself: NotRequired[bool]
    output_cap: NotRequired[int | None]
    """A higher cap on output tokens for all rows of the retry: what is sent is rebuilt with it (batch_recipe.py)."""
    ahead: NotRequired[list[int]]
    """Primary keys of retries of the batch that were asked for before this one and not planned yet."""


def untaken(batch: Batch, retry: Retry) -> tuple[QuerySet[Result], Retry]:
    """Returns (results that the retry would take, the retry as it is to be stored). The batch is locked.

    Rows that a retry ahead of it will take are not among the results.
    """
    waiting = list(batch.submissions.filter(ended_at=None, planned=False).exclude(retry_of=None))
    stored: Retry = {**retry, "ahead": [submission.pk for submission in waiting]}
    results = Result.objects.filter(_matches(stored), batch=batch)
    for submission in waiting:
        results = results.exclude(_matches(_retry_of(submission)))
    return results, stored


def retriable_results(submission: Submission) -> QuerySet[Result]:
    """Returns the results that this submission was asked to try again and has not taken yet. The batch is locked."""
    retry = _retry_of(submission)
    results = Result.objects.filter(_matches(retry), batch_id=submission.batch_id)
    return results.exclude(submission_id__gte=submission.pk)


def _retry_of(submission: Submission) -> Retry:
    return cast(Retry, submission.retry_of)


def _matches(retry: Retry) -> Q:
    condition = Q(state__in=retry["states"])
    if causes := retry.get("causes"):
        condition &= Q(cause__in=causes)
    if rows := retry.get("rows"):
        condition &= Q(row__in=rows)
    if retry.get("fit"):
        condition &= ~Q(misfit="")
    if ahead := retry.get("ahead"):
        condition &= ~Q(submission_id__in=ahead)
    return condition
