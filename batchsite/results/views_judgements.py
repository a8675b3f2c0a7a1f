"""Judgements: thumbs in the table, the whole form on the row's page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.http import clean_text, next_url
from batchsite.results import judgements
from batchsite.teams.requests import TeamRequest

PREFIX = "corrected."


@require_POST
def row_judge(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    """Stores good or bad. Answers htmx with the thumbs as they are now."""
    batch = queries.batch_of(request.team, batch_id)
    try:
        judgement = judgements.judge(batch, row, request.user, request.POST.get("verdict", ""))
    except judgements.NotThere:
        return render(request, "results/no_row.html", {"batch": batch, "row": row}, status=404)
    if request.htmx:
        back = next_url(request)  # and not the address of this request, which only takes POST
        return render(
            request, "results/_judge.html", {"batch": batch, "row": row, "judgement": judgement, "back": back}
        )
    return redirect(next_url(request) if request.POST.get("next") else reverse("batch-row", args=[batch.pk, row]))


@require_POST
def row_correct(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    """Stores the whole judgement from the row's page."""
    batch = queries.batch_of(request.team, batch_id)
    data = request.POST
    corrected = {name.removeprefix(PREFIX): clean_text(data.get(name)) for name in data if name.startswith(PREFIX)}
    try:
        if batch.state == State.DRAFT:
            raise judgements.NotThere
        judgements.correct(
            batch,
            row,
            request.user,
            verdict=data.get("verdict", ""),
            corrected=corrected,
            comment=clean_text(data.get("comment")),
            known=data.get("known"),
        )
    except judgements.JudgedMeanwhile as meanwhile:
        return _both_versions(request, batch, row, meanwhile)
    except judgements.NotThere:
        return render(request, "results/no_row.html", {"batch": batch, "row": row}, status=404)
    return redirect(next_url(request) if data.get("next") else reverse("batch-row", args=[batch.pk, row]))


def _both_versions(request: TeamRequest, batch: Batch, row: int, meanwhile: judgements.JudgedMeanwhile) -> HttpResponse:
    """Shows what somebody else stored beside what was typed; a person chooses, and nothing is lost."""
    stored, data = meanwhile.stored, request.POST
    typed = {name: clean_text(data.get(PREFIX + name)) for name in meanwhile.fields}
    versions = [
        ("Verdict", stored.verdict, data.get("verdict", "")),
        *((name, (stored.corrected or {}).get(name, ""), typed[name]) for name in meanwhile.fields),
        ("Comment", stored.comment, clean_text(data.get("comment"))),
    ]
    back = next_url(request) if data.get("next") else reverse("batch-row", args=[batch.pk, row])
    context = {
        "batch": batch,
        "row": row,
        "stored": stored,
        "is_own": stored.by_id == request.user.pk,
        "known": judgements.mark_of(stored),
        "versions": [one for one in versions if one[1] != one[2]],
        "typed": [(PREFIX + name, text) for name, text in typed.items()],
        "back": back,
    }
    return render(request, "results/judged_meanwhile.html", context, status=409)
