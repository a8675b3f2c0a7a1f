"""A batch again: a draft with everything copied, in which anything can be changed before it is sent."""

from __future__ import annotations

import copy

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Renewal
from batchsite.batches.moving import note
from batchsite.batches.rowsets import RowSet
from batchsite.batches.tagging import annotate
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.processes.queueing import Job, enqueue, take
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
    "tried",
)
"""What makes a batch what it is; its state, its sums and its notes are its own."""
LONGEST_CHAIN = 20


def rest_of(batch: Batch) -> RowSet:
    """The rows of the dataset that the batch was not about."""
    edges, spans = 1, []
    for first, last in batch.rows.spans:
        spans.append((edges, first - 1))
        edges = last + 1
    spans.append((edges, batch.dataset.row_count))
    return RowSet((first, last) for first, last in spans if first <= last)


def newer_of(dataset: Dataset) -> Dataset | None:
    """The ready dataset that replaced this one, or that one's own replacement, and so on."""
    if not any(field.name == "replaces" for field in Dataset._meta.get_fields()):
        return None
    found, at = None, dataset
    for _ in range(LONGEST_CHAIN):
        wanted = {"replaces": at, "team": dataset.team_id, "deleted_at": None}
        following = Dataset.objects.filter(**wanted).order_by("-pk").first()
        if following is None:
            break
        at = following
        found = at if at.state == DatasetState.READY else found
    return found


def duplicate(
    batch: Batch, user: User, *, dataset: Dataset | None = None, rows: RowSet | None = None, what: str = "again"
) -> Batch:
    """A draft with everything copied; over `dataset` and `rows` where these are given.

    `what` stands behind the name. Raises Dataset.DoesNotExist where the dataset was deleted meanwhile.
    """
    values = {name: copy.deepcopy(getattr(batch, name)) for name in COPIED}
    if rows is not None:
        values |= {"ranges": rows.as_lists(), "row_limit": None, "tried": None}
    target = dataset or batch.dataset
    for name in ("id_column", "expected_column"):
        if values[name] not in target.columns:
            values[name] = ""
    with transaction.atomic():
        found = Dataset.objects.select_for_update().get(pk=target.pk, team=batch.team_id, deleted_at=None)
        name = f"{batch.name[: 198 - len(what)]}, {what}"
        draft = Batch.objects.create(team=batch.team, dataset=found, created_by=user, name=name, **values)
        note(draft.pk, "drafted", f"Draft begun from batch {batch.pk}, “{batch.name}”", by=user)
        if batch.tags:
            annotate(draft.pk, "", batch.tags, None)
    return draft


def look_for_new_rows(batch: Batch, dataset: Dataset, user: User) -> Renewal:
    """The search for the rows of a newer dataset; a worker begins at once where it was not made yet."""
    now = timezone.now()
    with transaction.atomic():
        renewal, is_new = Renewal.objects.get_or_create(
            batch=batch, dataset=dataset, defaults={"asked_by": user, "next_look_at": now}
        )
    if is_new and take(renewal, now):
        enqueue(Job("batchsite.batches.tasks.renew", (renewal.pk,), "long"))
    return renewal
