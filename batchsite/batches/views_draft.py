"""Writing a batch: choose a dataset, write the prompt, check, submit."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches import controlling, drafting, selectors, tasks
from batchsite.batches.estimating import rows_to_send
from batchsite.batches.forms import DraftForm
from batchsite.batches.models import Batch
from batchsite.batches.prompts import PromptError
from batchsite.batches.states import State
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.http import UNPROCESSABLE, TeamRequest, whole_number
from batchsite.teams.keys import AccountKind, account_kind

DATASETS_SHOWN = 30


@require_http_methods(["GET", "POST"])
def batch_new(request: TeamRequest) -> HttpResponse:
    """Choose a dataset; the draft begins with it."""
    mine = Dataset.objects.filter(team=request.team, deleted_at=None)
    if request.method == "POST":
        dataset = get_object_or_404(mine, pk=whole_number(request.POST.get("dataset")) or 0)
        if dataset.state == DatasetState.READY:
            try:
                draft = drafting.new_draft(request.team, request.user, dataset)
            except Dataset.DoesNotExist as error:
                raise Http404("The dataset was deleted meanwhile.") from error
            return redirect("batch-edit", draft.pk)
        messages.error(request, f"{dataset} is not ready: {dataset.get_state_display().lower()}.")
        return redirect("dataset", dataset.pk)
    ready = mine.filter(state=DatasetState.READY).select_related("created_by").order_by("-created_at", "-pk")
    found = list(ready[: DATASETS_SHOWN + 1])
    context = {"datasets": found[:DATASETS_SHOWN], "more": len(found) > DATASETS_SHOWN}
    return render(request, "batches/new.html", context)


@require_GET
def batch_edit(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The draft as it was left."""
    batch = selectors.batch_of(request.team, batch_id)
    if batch.state != State.DRAFT:
        return redirect("batch", batch.pk)
    context = _context(request, DraftForm(batch=batch), whole_number(request.GET.get("row")) or 1)
    return render(request, "batches/edit.html", context)


@require_POST
def batch_preview(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Save what was typed, and show what it would be: for htmx in parts, else by the page itself."""
    batch = selectors.batch_of(request.team, batch_id)
    form = DraftForm(request.POST, batch=batch)
    try:
        drafting.save(batch, form.values())
    except drafting.Submitted:
        return _to_batch(request, batch)
    row = _row(request)
    if request.htmx:
        return render(request, "batches/_draft_live.html", _context(request, form, row) | {"oob": True})
    if form.errors:
        return render(request, "batches/edit.html", _context(request, form, row), status=UNPROCESSABLE)
    if "step" not in request.POST:
        messages.success(request, "Saved.")
    return redirect(f"{reverse('batch-edit', args=[batch.pk])}?row={row}#prompt-step")


@require_POST
def batch_submit(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Save, check, and start; on problems the page comes back with all that was typed."""
    batch = selectors.batch_of(request.team, batch_id)
    form = DraftForm(request.POST, batch=batch)
    try:
        drafting.save(batch, form.values())
        if form.errors or drafting.problems_of(batch):
            context = _context(request, form, _row(request), at_submit=True)
            return render(request, "batches/edit.html", context, status=UNPROCESSABLE)
        drafting.estimate_of(batch)
        controlling.start(batch, request.user)
    except (drafting.Submitted, controlling.NotNow):
        return _to_batch(request, batch)
    tasks.nudge(batch)
    return redirect("batch", batch.pk)


def _row(request: TeamRequest) -> int:
    """The row to preview: the number that was typed; without JavaScript, a step further where a button said so."""
    row = whole_number(request.POST.get("row")) or 1
    step = {"next": 1, "previous": -1}.get(request.POST.get("step", ""), 0)
    return row if request.htmx else max(1, row + step)


def _to_batch(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Somebody submitted it meanwhile."""
    url = reverse("batch", args=[batch.pk])
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _context(request: TeamRequest, form: DraftForm, row: int, *, at_submit: bool = False) -> dict[str, Any]:
    """What the page and its live parts show of a draft as it stands now."""
    batch, problems = form.batch, drafting.problems_of(form.batch)
    try:
        preview = drafting.preview(batch, row)
    except PromptError:
        preview = None
    kind = account_kind(request.team)
    return {
        "batch": batch,
        "fields": form.with_problems(problems, at_submit=at_submit),
        "refused": at_submit,
        "unsaved": bool(form.errors),
        "row": preview.row if preview else row,
        "preview": preview,
        "rows": rows_to_send(batch),
        "estimate": drafting.estimate_of(batch),
        "problems": problems,
        "warnings": drafting.warnings_of(batch),
        "simulated": kind == AccountKind.SANDBOX,
        "account": kind,
        "placeholders": [(column, f"{{{{{column}}}}}") for column in batch.dataset.columns],
    }
