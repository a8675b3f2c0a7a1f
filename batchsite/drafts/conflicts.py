"""What a page says when another page saved the draft since: both versions, and the choice between them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import reswap, retarget

from batchsite.drafts import draft_edits
from batchsite.drafts.draft_edits import Basis, ChangedMeanwhile
from batchsite.drafts.draft_page import draft_context
from batchsite.drafts.forms import DraftForm
from batchsite.http import whole_number
from batchsite.teams.requests import TeamRequest

CONFLICT = 409
MINE, THEIRS = "mine-", "theirs"
"""Values of the buttons named `choose`: keep what was typed here, or drop it."""


def basis_of(request: TeamRequest) -> Basis:
    """Returns what the page knew that sent this form; that it knows the other version if it chose its own."""
    chosen = request.POST.get("choose", "")
    number = chosen.removeprefix(MINE) if chosen.startswith(MINE) else request.POST.get("edit")
    return Basis(_number(number), request.POST.get("tab", "")[:40], request.user)


def _number(text: str | None) -> int | None:
    """Returns None only where the page has no such input: an edit that is no number is one that nobody made."""
    if text is None:
        return None
    number = whole_number(text)
    return 0 if number is None else number


def is_dropped(request: TeamRequest) -> bool:
    """Returns whether the person chose the other version, so that nothing is saved."""
    return request.POST.get("choose") == THEIRS


def to_draft(batch_id: int) -> HttpResponse:
    return redirect(reverse("batch-edit", args=[batch_id]))


def both_versions(request: TeamRequest, form: DraftForm, change: ChangedMeanwhile) -> HttpResponse:
    """Shows both versions: a part of the page for htmx, else the page with all that was typed."""
    edit = draft_edits.last_of(change.stored)
    context = {
        "batch": change.stored,
        "edit": request.POST.get("edit", ""),
        "last_edit": edit,
        "is_own": edit is not None and edit.by_id == request.user.pk,
        "differences": draft_edits.differences(change, form.values()),
    }
    if request.htmx:
        part = render(request, "drafts/_conflict.html", context | {"live": True})
        return retarget(reswap(part, "outerHTML"), "#conflict")
    return render(request, "drafts/edit.html", draft_context(request, form, 1) | context, status=CONFLICT)
