"""The page on which a team says how long it keeps what it has; and keeping one thing for longer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from batchsite.asks.models import Ask
from batchsite.batches.models import Batch
from batchsite.batches.queries import batches_of
from batchsite.datasets.models import Dataset
from batchsite.http import UNPROCESSABLE
from batchsite.prompts.models import Prompt
from batchsite.retention import removal
from batchsite.retention.forms import RetentionForm
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest
from batchsite.wording import many


@require_GET
def retention(request: TeamRequest) -> HttpResponse:
    """Shows the days, and with `?check` what typed ones would remove."""
    return _page(request, RetentionForm(request.GET) if "check" in request.GET else None)


@require_POST
def retention_set(request: TeamRequest) -> HttpResponse:
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    removal.set_days(request.team, form.cleaned_data, request.user)
    security_log.record("retention_set", request, **form.cleaned_data)
    messages.success(request, _said(form.cleaned_data))
    return redirect("retention")


def _page(request: TeamRequest, form: RetentionForm | None) -> HttpResponse:
    held, now = removal.retention_of(request.team), timezone.now()
    context: dict[str, Any] = {"held": held, "over": _words(removal.counts(request.team, held.days, now))}
    if form is not None and form.is_valid():
        days = form.cleaned_data
        would_go = _words(removal.counts(request.team, days, now))
        context |= {"asked": days, "would_go": would_go, "goes_at": now + removal.AHEAD}
    context["form"] = form or RetentionForm(initial=held.days)
    status = UNPROCESSABLE if context["form"].errors else 200
    return render(request, "retention/retention.html", context, status=status)


@require_http_methods(["GET", "POST"])
def retention_now(request: TeamRequest) -> HttpResponse:
    """Removes what has expired, without waiting for the week of notice."""
    held = removal.retention_of(request.team)
    if request.method == "POST":
        count = removal.remove_now(request.team)
        security_log.record("retention_hastened", request, count=count)
        if count:
            messages.success(request, f"{many(count, 'thing')} will be gone within minutes.")
        else:
            messages.info(request, "Nothing is past its retention.")
        return redirect("retention")
    over = removal.counts(request.team, held.days, timezone.now())
    context = {"question": f"Remove {_words(over)} now?", "verb": "Remove", "back": reverse("retention")}
    return render(request, "retention/now.html", context)


def _words(counts: dict[str, int]) -> str:
    """Returns counts as `2 batches and 1 dataset`; "nothing" if all are 0."""
    some = [f"{count:,} {removal.ONE_OF[kind] if count == 1 else kind}" for kind, count in counts.items() if count]
    return " and ".join(filter(None, [", ".join(some[:-1]), *some[-1:]])) or "nothing"


def _said(days: removal.Days) -> str:
    some = [f"{kind} after {many(number, 'day')}" for kind, number in days.items() if number]
    if not some:
        return "Nothing is removed any more."
    return f"The team removes {' and '.join(filter(None, [', '.join(some[:-1]), *some[-1:]]))}."


# ---- one thing -----------------------------------------------------------------------------------------------


@require_POST
def batch_stay(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = get_object_or_404(batches_of(request.team), pk=batch_id)
    return _stay(request, batch, "batch")


@require_POST
def dataset_stay(request: TeamRequest, dataset_id: int) -> HttpResponse:
    return _stay(request, get_object_or_404(Dataset, team=request.team, deleted_at=None, pk=dataset_id), "dataset")


@require_POST
def prompt_stay(request: TeamRequest, prompt_id: int) -> HttpResponse:
    return _stay(request, get_object_or_404(Prompt, team=request.team, deleted_at=None, pk=prompt_id), "prompt")


@require_POST
def ask_stay(request: TeamRequest, ask_id: int) -> HttpResponse:
    return _stay(request, get_object_or_404(Ask, team=request.team, pk=ask_id), "ask")


def _stay(request: TeamRequest, thing: Batch | Dataset | Prompt | Ask, page: str) -> HttpResponse:
    stays = request.POST.get("stays") == "yes"
    removal.keep(thing, stays=stays)
    words = "stays until somebody deletes it." if stays else "follows the team’s retention again."
    messages.success(request, f"“{Truncator(str(thing)).chars(60)}” {words}")
    return redirect(page, thing.pk)
