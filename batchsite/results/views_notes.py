"""The course of a batch as a chart, and its notes and tags."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from batchsite.batches import queries
from batchsite.batches.models import LONGEST_TAG, Batch, Pace
from batchsite.batches.tags import MOST, annotate, tags_in, tags_of
from batchsite.http import UNPROCESSABLE
from batchsite.results import course_chart
from batchsite.results.batch_status import done_so_far
from batchsite.teams.requests import TeamRequest


class NotesForm(forms.Form):
    """What people write beside a batch."""

    tags = forms.CharField(
        label="Tags",
        required=False,
        max_length=(LONGEST_TAG + 2) * MOST,
        help_text="Separated by commas. The list of batches can be filtered by tag.",
    )
    notes = forms.CharField(label="Notes", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))

    def clean_tags(self) -> list[str]:
        return tags_in(self.cleaned_data["tags"])


@require_http_methods(["GET", "POST"])
def batch_notes(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The form, on a page of its own or in place on the batch's page."""
    found = queries.batch_of(request.team, batch_id)
    form = NotesForm(
        request.POST if request.method == "POST" else None,
        initial={"tags": ", ".join(found.tags), "notes": found.notes},
    )
    if request.method == "POST" and form.is_valid():
        annotate(found.pk, form.cleaned_data["notes"], form.cleaned_data["tags"], request.user)
        if not request.htmx:
            return redirect("batch", found.pk)
        found.refresh_from_db()
        return render(request, "results/_notes.html", {"batch": found})
    context = {"batch": found, "form": form, "known_tags": tags_of(request.team)}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "results/_notes_form.html" if request.htmx else "results/notes.html", context, status=status)


@require_GET
def batch_course(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The chart of progress over time, for its own poll."""
    found = queries.batch_of(request.team, batch_id)
    return render(request, "results/_course.html", {"batch": found, **course_of(found)})


def course_of(batch: Batch) -> dict[str, Any]:
    """Returns the chart of a batch, and its rate in words."""
    pace = Pace.objects.filter(batch=batch).first()
    now = (timezone.now(), done_so_far(batch)) if batch.is_running else None
    return {"course": course_chart.course(pace, batch.total, now), "rate": course_chart.rate(pace)}
