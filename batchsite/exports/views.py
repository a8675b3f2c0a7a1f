"""Taking results home: choose the form and the rows, or get the file."""

from __future__ import annotations

from django import forms
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from batchsite.batches import selectors
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.exports.files import CHOICES, FORMS, content, filename
from batchsite.http import UNPROCESSABLE, TeamRequest

ROW_LABELS = {
    "all": "All rows, in the order of the dataset",
    "succeeded": "Rows with an answer",
    "failed": "Rows that ended without one: failed, cancelled, missing, skipped",
}


class DownloadForm(forms.Form):
    """In which form, and which rows."""

    form = forms.ChoiceField(
        label="Form",
        choices=[(form.name, f"{form.label}: {form.hint}") for form in FORMS.values()],
        initial="csv",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "There is no such form of a download."},
    )
    rows = forms.ChoiceField(
        label="Rows",
        choices=[(name, ROW_LABELS[name]) for name in CHOICES],
        initial="all",
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "There is no such choice of rows."},
    )


@require_safe
def batch_download(request: TeamRequest, batch_id: int) -> HttpResponseBase:
    """The file where the address says which one, else the choice. All checks come before the first byte."""
    batch = selectors.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    asked = DownloadForm(request.GET if "form" in request.GET else None)
    if asked.is_valid():
        return _file(batch, asked.cleaned_data["form"], asked.cleaned_data["rows"] or "all")
    context = {"batch": batch, "form": asked}
    return render(request, "exports/download.html", context, status=UNPROCESSABLE if asked.errors else 200)


def _file(batch: Batch, name: str, rows: str) -> StreamingHttpResponse:
    form = FORMS[name]
    response = StreamingHttpResponse(content(batch, form, rows), content_type=form.content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename(batch, form, rows)) or ""
    if not batch.is_terminal:
        response["X-Incomplete"] = "true"
    return response
