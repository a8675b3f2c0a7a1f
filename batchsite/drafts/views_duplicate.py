"""Running a batch again: which rows, and the draft for them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import duplicates
from batchsite.recipes.row_set import RowSet
from batchsite.teams.requests import TeamRequest

ask_and_do = require_http_methods(["GET", "POST"])


@ask_and_do
def batch_again(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Makes a draft of the same rows, of the rest of the dataset, or leads to the new rows of a newer dataset."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    rest, newer = duplicates.rest_of(batch), duplicates.newer_of(batch.dataset)
    if request.method == "POST":
        what = request.POST.get("what", "")
        if what == "new" and newer:
            return redirect("batch-new-rows", batch.pk, newer.pk)
        return _draft(request, batch, rest if what == "rest" and len(rest) else None)
    context = {
        "batch": batch,
        "question": f"Duplicate “{batch}”?",
        "verb": "Create draft",
        "back": reverse("batch", args=[batch.pk]),
        "calm": True,
        "rest": len(rest),
        "rest_words": str(rest)[:120],
        "newer": newer,
    }
    return render(request, "drafts/again.html", context)


def _draft(
    request: TeamRequest, batch: Batch, rows: RowSet | None, dataset: Dataset | None = None, what: str = ""
) -> HttpResponse:
    try:
        words = what or ("the rest" if rows is not None else "again")
        draft = duplicates.duplicate(batch, request.user, dataset=dataset, rows=rows, what=words)
    except Dataset.DoesNotExist:
        messages.error(request, "Its dataset has been deleted, so it can’t be duplicated.")
        return redirect("batch", batch.pk)
    messages.success(
        request, "A draft with everything copied. Change anything you like; nothing is sent until you submit."
    )
    return redirect("batch-edit", draft.pk)


@ask_and_do
def batch_new_rows(request: TeamRequest, batch_id: int, dataset_id: int) -> HttpResponse:
    """Searches for rows of another dataset that the batch's own lacks, then makes a draft of them."""
    batch = queries.batch_of(request.team, batch_id)
    known = Dataset.objects.filter(team=request.team, deleted_at=None, state=DatasetState.READY)
    dataset = get_object_or_404(known.exclude(pk=batch.dataset_id), pk=dataset_id)
    renewal = duplicates.look_for_new_rows(batch, dataset, request.user)
    if request.method == "POST" and renewal.count:
        return _draft(request, batch, RowSet(renewal.ranges), dataset, "new rows")
    context: dict[str, Any] = {"batch": batch, "dataset": dataset, "renewal": renewal}
    return render(request, "drafts/_new_rows.html" if request.htmx else "drafts/new_rows.html", context)
