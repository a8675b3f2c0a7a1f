"""Fills a draft from a saved prompt, and saves its prompt for later use."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.drafts import conflicts, draft_store, saved_prompts, undo
from batchsite.drafts.draft_edits import ChangedMeanwhile
from batchsite.drafts.draft_page import draft_context
from batchsite.drafts.forms import DraftForm
from batchsite.drafts.views import to_batch
from batchsite.http import UNPROCESSABLE, whole_number
from batchsite.prompts import prompt_queries as prompts
from batchsite.prompts.forms import KeepForm
from batchsite.prompts.library import Contents
from batchsite.prompts.models import PromptVersion
from batchsite.teams.requests import TeamRequest


@require_POST
def batch_fill(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Saves what was typed, then replaces it by a saved prompt or what it was before (undo)."""
    batch = queries.batch_of(request.team, batch_id)
    form = DraftForm(request.POST, batch=batch)
    try:
        draft_store.save(batch, form.values(), conflicts.basis_of(request))
        contents, version = _wanted(request, batch)
        before = saved_prompts.contents_of(batch)
        saved_prompts.fill(batch, contents, version)
    except draft_store.Submitted:
        return to_batch(request, batch)
    except ChangedMeanwhile as change:
        return conflicts.both_versions(request, form, change)
    if "undo" not in request.POST and before.text.strip() + before.system_prompt.strip():
        undo.remember(batch, before)
    else:
        undo.forget(batch)
    return redirect(f"{reverse('batch-edit', args=[batch.pk])}#prompt-step")


def _wanted(request: TeamRequest, batch: Batch) -> tuple[Contents, PromptVersion | None]:
    """Returns the contents that the button stands for. Raises Http404."""
    if "undo" in request.POST:
        before = undo.before(batch)
        if before is None:
            raise Http404("There is nothing to undo.")
        return before, None
    if "version" in request.POST:
        version = prompts.version_of(request.team, whole_number(request.POST["version"]) or 0)
        return Contents.of(version), version
    raise Http404("That prompt doesn’t exist.")


@require_POST
def batch_keep(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Saves the draft, and its prompt under a name."""
    batch = queries.batch_of(request.team, batch_id)
    form = DraftForm(request.POST, batch=batch)
    named = KeepForm({"name": request.POST.get("keep-name"), "comment": request.POST.get("keep-comment")})
    try:
        draft_store.save(batch, form.values(), conflicts.basis_of(request))
        if form.errors or not named.is_valid() or not batch.prompt.strip():
            words = "" if batch.prompt.strip() else "Write a prompt before you save it."
            context = draft_context(request, form, 1) | {"keeping": named, "keep_problem": words}
            return render(request, "drafts/edit.html", context, status=UNPROCESSABLE)
        version, is_new = saved_prompts.keep(batch, request.user, **named.cleaned_data)
    except draft_store.Submitted:
        return to_batch(request, batch)
    except ChangedMeanwhile as change:
        return conflicts.both_versions(request, form, change)
    messages.success(request, f"Saved as “{version}”." if is_new else f"“{version}” already says exactly that.")
    return redirect(f"{reverse('batch-edit', args=[batch.pk])}#prompt-step")
