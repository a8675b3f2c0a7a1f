"""A batch again: a draft with everything copied, in which anything can be changed before it is sent."""

from __future__ import annotations

import copy

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Renewal
from batchsite.batches.tags import annotate
from batchsite.batches.timeline import note
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts.new_rows import mark_of
from batchsite.pricing.lessons import Lesson
from batchsite.processes.queue import Job, enqueue, take
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import User

COPIED = (
    "system_prompt",
    "prompt",
    "model",
    "params",
    "examples",
    "shape",
    "row_limit",
    "ranges",
    "skip_empty",
    "prompt_version_id",
    "expected_column",
    "id_column",
    "auto_retries",
    "deadline_hours",
)
"""What makes a batch what it is; its state, its sums and its notes are its own."""
LONGEST_CHAIN, MOST_VERSIONS = 20, 200


def rest_of(batch: Batch) -> RowSet:
    """The rows of the dataset that the batch was not about."""
    edges, spans = 1, []
    for first, last in batch.rows.spans:
        spans.append((edges, first - 1))
        edges = last + 1
    spans.append((edges, batch.dataset.row_count))
    return RowSet((first, last) for first, last in spans if first <= last)


def newer_of(dataset: Dataset) -> Dataset | None:
    """The newest ready dataset among those that replaced this one, or a replacement of it, and so on."""
    found, before = None, [dataset.pk]
    for _ in range(LONGEST_CHAIN):
        following = list(
            Dataset.objects.filter(replaces__in=before, team=dataset.team_id).order_by("pk")[:MOST_VERSIONS]
        )
        if not following:
            break
        ready = [one for one in following if one.state == DatasetState.READY and one.deleted_at is None]
        found = max([*ready, *([found] if found else [])], key=lambda one: one.pk, default=None)
        before = [one.pk for one in following]
    return found


def duplicate(
    batch: Batch, user: User, *, dataset: Dataset | None = None, rows: RowSet | None = None, what: str = "again"
) -> Batch:
    """A draft with everything copied; over `dataset` and `rows` where these are given.

    `what` stands behind the name. Raises Dataset.DoesNotExist where the dataset was deleted meanwhile.
    """
    values = {name: copy.deepcopy(getattr(batch, name)) for name in COPIED}
    lessons = {mark: Lesson.from_json(one).for_another_batch() for mark, one in (batch.tried or {}).items()}
    values["tried"] = {mark: lesson.as_json() for mark, lesson in lessons.items()} or None
    if rows is not None:
        values |= {"ranges": rows.as_lists(), "row_limit": None, "tried": None}
    target = dataset or batch.dataset
    for name in ("id_column", "expected_column"):
        if values[name] not in target.columns:
            values[name] = ""
    with transaction.atomic():
        found = Dataset.objects.select_for_update(no_key=True).get(pk=target.pk, team=batch.team_id, deleted_at=None)
        name = f"{batch.name[: 198 - len(what)]}, {what}"
        draft = Batch.objects.create(team=batch.team, dataset=found, created_by=user, name=name, **values)
        note(draft.pk, "drafted", f"Draft begun from batch {batch.pk}, “{batch.name}”", by=user)
        if batch.tags:
            annotate(draft.pk, "", batch.tags, None)
    return draft


def look_for_new_rows(batch: Batch, dataset: Dataset, user: User) -> Renewal:
    """The search for the rows of a newer dataset; a worker begins at once where it was not made yet.

    A dataset that was read again since has other rows: then it is made anew.
    """
    now, mark = timezone.now(), mark_of(batch.dataset, dataset)
    with transaction.atomic():
        renewal, is_new = Renewal.objects.get_or_create(
            batch=batch, dataset=dataset, defaults={"asked_by": user, "next_look_at": now, "mark": mark}
        )
        if renewal.mark != mark:
            begun = {"mark": mark, "rows_done": 0, "ranges": [], "count": 0, "problem": "", "ready_at": None}
            is_new = Renewal.objects.filter(pk=renewal.pk, mark=renewal.mark).update(**begun, next_look_at=now) == 1
            renewal.refresh_from_db()
    if is_new and take(renewal, now):
        enqueue(Job("batchsite.drafts.tasks.renew", (renewal.pk,), "long"))
    return renewal
