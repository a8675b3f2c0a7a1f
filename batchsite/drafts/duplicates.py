"""Running a batch again: a draft with everything copied, which can be changed before it is sent."""

from __future__ import annotations

import copy

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Renewal
from batchsite.batches.tags import annotate
from batchsite.batches.timeline import note
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import value_rows
from batchsite.drafts.new_rows import rows_fingerprint
from batchsite.pricing.lessons import Lesson
from batchsite.processes.queue import Job, enqueue, take
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import User

COPIED = (
    "system_prompt",
    "prompt",
    "model",
    "params",
    "tools",
    "examples",
    "shape",
    "row_limit",
    "ranges",
    "skip_empty",
    "repeats",
    "prompt_version_id",
    "expected_column",
    "picture_column",
    "picture_detail",
    "document_form",
    "history_column",
    "id_column",
    "runs_live",
    "auto_retries",
    "deadline_hours",
)
"""Fields that are copied; state, sums and notes belong to each batch alone."""
LONGEST_CHAIN, MOST_VERSIONS = 20, 200


def rest_of(batch: Batch) -> RowSet:
    """Returns the rows of the dataset that are not part of the batch."""
    start, spans = 1, []
    for first, last in batch.rows.spans:
        spans.append((start, first - 1))
        start = last + 1
    spans.append((start, batch.dataset.row_count))
    return RowSet((first, last) for first, last in spans if first <= last)


def newer_of(dataset: Dataset) -> Dataset | None:
    """Returns the newest ready dataset that replaced this one, directly or through others. None if there is none."""
    newest, before = None, [dataset.pk]
    for _ in range(LONGEST_CHAIN):
        following = list(
            Dataset.objects.filter(replaces__in=before, team=dataset.team_id).order_by("pk")[:MOST_VERSIONS]
        )
        if not following:
            break
        ready = [later for later in following if later.state == DatasetState.READY and later.deleted_at is None]
        newest = max([*ready, *([newest] if newest else [])], key=lambda later: later.pk, default=None)
        before = [later.pk for later in following]
    return newest


def duplicate(
    batch: Batch, user: User, *, dataset: Dataset | None = None, rows: RowSet | None = None, what: str = "again"
) -> Batch:
    """Returns a draft with everything copied, over `dataset` and `rows` if they are given.

    `what` is appended to the name. Raises Dataset.DoesNotExist if the dataset was deleted meanwhile.
    """
    values = {name: copy.deepcopy(getattr(batch, name)) for name in COPIED}
    lessons = {prompt: Lesson.from_json(stored).for_another_batch() for prompt, stored in (batch.tried or {}).items()}
    values["tried"] = {prompt: lesson.as_json() for prompt, lesson in lessons.items()} or None
    if rows is not None:
        values |= {"ranges": rows.as_lists(), "row_limit": None, "tried": None}
    target = dataset or batch.dataset
    for name in ("id_column", "expected_column", "picture_column", "history_column"):
        if values[name] not in target.columns:
            values[name] = ""
    with transaction.atomic():
        target = Dataset.objects.select_for_update(no_key=True).get(pk=target.pk, team=batch.team_id, deleted_at=None)
        name = f"{batch.name[: 198 - len(what)]}, {what}"
        draft = Batch.objects.create(team=batch.team, dataset=target, created_by=user, name=name, **values)
        if values["ranges"] and rows is None and target == batch.dataset:
            value_rows.copy(batch, draft)
        note(draft.pk, "drafted", f"Draft created from batch {batch.pk}, “{batch.name}”", by=user)
        if batch.tags:
            annotate(draft.pk, "", batch.tags, None)
    return draft


def look_for_new_rows(batch: Batch, dataset: Dataset, user: User) -> Renewal:
    """Returns the search for rows that a newer dataset adds; starts it if there is none yet.

    The search starts over if one of the datasets was read again since.
    """
    now, mark = timezone.now(), rows_fingerprint(batch.dataset, dataset)
    with transaction.atomic():
        renewal, is_new = Renewal.objects.get_or_create(
            batch=batch, dataset=dataset, defaults={"asked_by": user, "next_look_at": now, "mark": mark}
        )
        if renewal.mark != mark:
            begun = {"mark": mark, "rows_done": 0, "ranges": [], "count": 0, "problem": "", "ready_at": None}
            is_new = Renewal.objects.filter(pk=renewal.pk, mark=renewal.mark).update(**begun, next_look_at=now) == 1
            renewal.refresh_from_db()
    if is_new and take(renewal, now, "long"):
        enqueue(Job("batchsite.drafts.tasks.renew", (renewal.pk,), "long"))
    return renewal
