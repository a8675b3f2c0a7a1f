"""The pages of a draft: choose a dataset, write the prompt, check, review, submit."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches import queries
from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.datasets import sample
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.views_list import upload_part
from batchsite.drafts import conflicts, dead_links, draft_store, saved_prompts, value_rows
from batchsite.drafts.draft_edits import ChangedMeanwhile
from batchsite.drafts.draft_page import SUBMIT_FORM, draft_context, review_context
from batchsite.drafts.forms import DraftForm
from batchsite.http import UNPROCESSABLE, clean_text, whole_number
from batchsite.pricing.cap_form import SpendCapForm
from batchsite.pricing.tasks import ask_for_prices
from batchsite.prompts import prompt_queries as prompts
from batchsite.prompts.library import Contents
from batchsite.prompts.models import PromptVersion
from batchsite.submission import actions, tasks
from batchsite.teams.accounts import account_kind
from batchsite.teams.key_choice import PayingKeyForm
from batchsite.teams.requests import TeamRequest

DATASETS_SHOWN = 30


@require_http_methods(["GET", "POST"])
def batch_new(request: TeamRequest) -> HttpResponse:
    """Chooses a dataset and starts a draft with it, filled from a saved prompt if one is given."""
    datasets = Dataset.objects.filter(team=request.team, deleted_at=None)
    asked = whole_number(request.POST.get("prompt") or request.GET.get("prompt"))
    version = prompts.version_of(request.team, asked) if asked else None
    if request.method == "POST":
        dataset = _chosen(request, datasets)
        if dataset.state == DatasetState.READY:
            return redirect("batch-edit", _begin(request, dataset, version).pk)
        messages.error(request, f"{dataset} is not ready: {dataset.get_state_display().lower()}.")
        return redirect("dataset", dataset.pk)
    ready = datasets.filter(state=DatasetState.READY).select_related("created_by").order_by("-created_at", "-pk")
    newest = list(ready[: DATASETS_SHOWN + 1])
    context = {"datasets": newest[:DATASETS_SHOWN], "more": len(newest) > DATASETS_SHOWN, "version": version}
    return render(request, "drafts/new.html", context | upload_part(request.team))


def _chosen(request: TeamRequest, datasets: QuerySet[Dataset]) -> Dataset:
    """Returns the dataset that was chosen; `sample` stands for the sample. Raises Http404."""
    if request.POST.get("dataset") == "sample":
        return sample.take(request.team, request.user)
    return get_object_or_404(datasets, pk=whole_number(request.POST.get("dataset")) or 0)


def _begin(request: TeamRequest, dataset: Dataset, version: PromptVersion | None) -> Batch:
    """Returns a new draft. Raises Http404 if the dataset was deleted meanwhile."""
    try:
        draft = draft_store.new_draft(request.team, request.user, dataset)
    except Dataset.DoesNotExist as error:
        raise Http404("The dataset has been deleted.") from error
    if version:
        saved_prompts.fill(draft, Contents.of(version), version)
    return draft


@require_GET
def batch_edit(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The page of the draft."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state != State.DRAFT:
        return redirect("batch", batch.pk)
    at_submit = "checked" in request.GET  # where a review was asked for too early
    row = whole_number(request.GET.get("row")) or batch.rows.first or 1
    return render(request, "drafts/edit.html", draft_context(request, DraftForm(batch=batch), row, at_submit=at_submit))


def _save(request: TeamRequest, batch: Batch, form: DraftForm) -> None:
    """Raises Submitted, ChangedMeanwhile."""
    basis = conflicts.basis_of(request)
    draft_store.save(batch, value_rows.without_earlier_rows(batch, form.values(), basis), basis)


@require_POST
def batch_preview(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Saves what was typed and shows the result: parts of the page for htmx, else the page."""
    batch = queries.batch_of(request.team, batch_id)
    form = DraftForm(request.POST, batch=batch)
    if conflicts.is_dropped(request):
        return conflicts.to_draft(batch.pk)
    try:
        _save(request, batch, form)
        done, words = _do(request, batch)
    except draft_store.Submitted:
        return to_batch(request, batch)
    except ChangedMeanwhile as change:
        return conflicts.both_versions(request, form, change)
    row = _row(request)
    if request.htmx:
        context = draft_context(request, form, row) | {"is_saved": True, "shape_words": words, "rows_words": words}
        return render(request, "drafts/_live.html", context)
    if form.errors:
        return render(request, "drafts/edit.html", draft_context(request, form, row), status=UNPROCESSABLE)
    if words or (not done and "step" not in request.POST):
        messages.info(request, words or "Saved.")
    return redirect(f"{reverse('batch-edit', args=[batch.pk])}?row={row}#{done or 'prompt-step'}")


def _do(request: TeamRequest, batch: Batch) -> tuple[str, str]:
    """Does what a button asks for besides saving. Returns (anchor on the page, a sentence). Raises Submitted."""
    what, _, which = request.POST.get("do", "").partition("-")
    if what == "values" and _is_place(which) and int(which) < len(batch.dataset.columns):
        try:
            return "shape", draft_store.take_values(batch, batch.dataset.columns[int(which)])
        except ValueError as error:
            return "shape", str(error)
    if what == "rows":
        return "data-step", _choose_rows(request, batch, which)
    if what == "offers":
        ask_for_prices(str(account_kind(request.team)), request.team.pk)
        return "models", "Asking xAI for its models and prices; reload the page in a moment to see them."
    return {"examples": "examples", "fields": "shape"}.get(what, ""), ""


def _choose_rows(request: TeamRequest, batch: Batch, which: str) -> str:
    """Starts a search for rows with a value, or selects all rows again. Returns a sentence. Raises Submitted."""
    if which == "clear":
        value_rows.clear(batch)
        return ""
    try:
        column, value = request.POST.get("where-column", ""), clean_text(request.POST.get("where-value"))
        value_rows.search(batch, column, value, conflicts.basis_of(request))
    except ValueError as error:
        return str(error)
    return ""


def _is_place(text: str) -> bool:
    """Returns whether a button names a place, counted from 0; longer numbers are no places."""
    return text.isascii() and text.isdecimal() and len(text) <= 6


@require_POST
def batch_check(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Saves and checks; continues to the review, or shows the page with the problems."""
    batch = queries.batch_of(request.team, batch_id)
    form = DraftForm(request.POST, batch=batch)
    try:
        _save(request, batch, form)
    except draft_store.Submitted:
        return to_batch(request, batch)
    except ChangedMeanwhile as change:
        return conflicts.both_versions(request, form, change)
    if form.errors or draft_store.problems_with_price(batch, draft_store.estimate_of(batch), request.user):
        context = draft_context(request, form, _row(request), at_submit=True)
        return render(request, "drafts/edit.html", context, status=UNPROCESSABLE)
    dead_links.begin(batch)
    return redirect("batch-review", batch.pk)


@require_GET
def batch_review(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The review: everything that is about to be sent, on one page."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state != State.DRAFT:
        return redirect("batch", batch.pk)
    price = draft_store.estimate_of(batch)
    if draft_store.problems_with_price(batch, price, request.user):
        return redirect(f"{reverse('batch-edit', args=[batch.pk])}?checked=1")
    return render(request, "drafts/review.html", review_context(request, batch, price))


@require_POST
def batch_submit(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Submits the draft as it was reviewed. A draft that changed since has to be reviewed again."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state != State.DRAFT:
        return to_batch(request, batch)
    if request.POST.get("reviewed") != draft_fingerprint(batch):
        messages.warning(
            request, "The draft has changed since you opened it. This is the current version; nothing was sent."
        )
        return redirect("batch-review", batch.pk)
    if draft_store.problems_of(batch):
        return redirect(f"{reverse('batch-edit', args=[batch.pk])}?checked=1")
    price, cap_form = draft_store.estimate_of(batch), SpendCapForm(request.POST, batch)
    key_form = PayingKeyForm(request.team, request.POST, form_id=SUBMIT_FORM)
    if not (cap_form.is_valid() and key_form.is_valid()):
        context = review_context(request, batch, price, cap_form, key_form)
        return render(request, "drafts/review.html", context, status=UNPROCESSABLE)
    try:
        actions.start(batch, request.user, price, spend_cap=cap_form.ticks, key=key_form.chosen)
    except actions.NotNow as refusal:
        messages.error(request, str(refusal))
        return to_batch(request, batch)
    tasks.nudge(batch)
    return redirect("batch", batch.pk)


def _row(request: TeamRequest) -> int:
    """Returns the row to preview: the typed number or, without JavaScript, the one that a button leads to."""
    row, step = whole_number(request.POST.get("row")) or 1, request.POST.get("step", "")
    if request.htmx:
        return row
    if step.startswith("row-"):
        return whole_number(step.removeprefix("row-")) or row
    return max(1, row + {"next": 1, "previous": -1}.get(step, 0))


def to_batch(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Goes to the page of a batch that somebody submitted meanwhile."""
    url = reverse("batch", args=[batch.pk])
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
