"""The spending cap of a batch that runs: set, raised or removed."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.http import UNPROCESSABLE
from batchsite.pricing.cap_form import SpendCapForm
from batchsite.pricing.spend_caps import spend_cap
from batchsite.results.confirmation import ask_while_it_runs, do, question_context, typed
from batchsite.submission import actions
from batchsite.teams.requests import TeamRequest


@ask_while_it_runs
def batch_cap(request: TeamRequest, batch: Batch) -> HttpResponse:
    form = SpendCapForm(typed(request), batch)
    if request.method == "POST" and form.is_valid():
        return do(request, batch, lambda: actions.set_spend_cap(batch, form.ticks, request.user))
    is_held = batch.held_for == HeldFor.CAP
    question = "Raise the spending cap and resume?" if is_held else "How much may this batch cost?"
    verb = "Raise and resume" if is_held else "Set the spending cap"
    context = question_context(batch, question, "", verb) | {
        "form": form,
        "cap": spend_cap(batch, batch.spend_cap_ticks or 0),
    }
    return render(request, "results/cap.html", context, status=UNPROCESSABLE if form.errors else 200)
