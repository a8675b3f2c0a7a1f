"""How a file is read, as people decide it: answers to its questions, going on without bad rows, reading it anew."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.datasets import answers, dataset_queries, file_details
from batchsite.datasets.forms import AnswerForm, WaysForm
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.upload_limits import NotTaken
from batchsite.datasets.views import page_of
from batchsite.http import UNPROCESSABLE
from batchsite.processes.outages import is_disk_full
from batchsite.teams.requests import TeamRequest


def _dataset(request: TeamRequest, dataset_id: int) -> Dataset:
    return get_object_or_404(dataset_queries.datasets_of(request.team).defer(None), pk=dataset_id)


@require_POST
def dataset_answer(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """The questions of a file are answered, all in one form."""
    found = _dataset(request, dataset_id)
    form = AnswerForm(found.questions, request.POST)
    if found.state == DatasetState.ASKING and not form.is_valid():
        return page_of(request, found, {"answer_form": form}, status=UNPROCESSABLE)
    try:
        answers.answer(found, request.user, form.cleaned_data if form.is_valid() else {})
    except answers.CannotChange as error:
        messages.warning(request, str(error))
    return redirect("dataset", found.pk)


@require_POST
def dataset_leave(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """Imports the good rows of a refused file."""
    found = _dataset(request, dataset_id)
    try:
        answers.leave_bad_rows(found, request.user)
    except answers.CannotChange as error:
        messages.warning(request, str(error))
    return redirect("dataset", found.pk)


@require_http_methods(["GET", "POST"])
def dataset_again(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """Other answers to what was asked, and to what was not; a dataset in use stays, and a new one is made."""
    found = _dataset(request, dataset_id)
    batches = list(found.batches.filter(deleted_at=None).order_by("-pk")[: dataset_queries.SHOWN_BATCHES])
    questions = file_details.open_to_change(found)
    form = AnswerForm(questions, request.POST or None, chosen=found.given)
    others = WaysForm(found, request.POST or None, asked={str(one["key"]) for one in questions})
    if request.method == "POST" and form.is_valid() and others.is_valid():
        values = form.cleaned_data | others.values()
        return _read_anew(request, found, values, beside=bool(batches) or "beside" in request.POST)
    context: dict[str, Any] = {
        "dataset": found,
        "form": form,
        "others": others,
        "batches": batches,
        "back": reverse("dataset", args=[found.pk]),
    }
    return render(
        request, "datasets/again.html", context, status=UNPROCESSABLE if form.errors or others.errors else 200
    )


def _read_anew(request: TeamRequest, found: Dataset, values: dict[str, str], *, beside: bool) -> HttpResponse:
    try:
        if beside:
            return redirect("dataset", answers.read_beside(found, request.user, values).pk)
        answers.read_again(found, request.user, values)
    except (answers.CannotChange, NotTaken) as error:
        messages.warning(request, str(error))
    except FileNotFoundError:
        messages.error(request, "The uploaded file is gone from the server's disk. Upload it again.")
    except OSError as error:
        if not is_disk_full(error):
            raise
        messages.error(request, "The server's disk has no room for it. Ask whoever runs batchsite to make room.")
    return redirect("dataset", found.pk)
