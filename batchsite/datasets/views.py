"""Datasets: taking a file in, one dataset as it is being imported, read or refused."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_safe
from django_htmx.http import push_url

from batchsite.datasets import (
    dataset_queries,
    dataset_removal,
    file_details,
    importer,
    problem_report,
    upload_guard,
)
from batchsite.datasets.forms import AnswerForm, UploadForm
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.upload_limits import NotTaken
from batchsite.datasets.views_list import list_context, upload_part
from batchsite.http import UNPROCESSABLE, clean_text, offer_undo, whole_number
from batchsite.processes.outages import is_disk_full
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest

PROBLEMS_SHOWN = 100


def _dataset(request: TeamRequest, dataset_id: int) -> Dataset:
    return get_object_or_404(dataset_queries.datasets_of(request.team).defer(None), pk=dataset_id)


# --- taking files in


@csrf_exempt  # reading the form is what checks its token, and nothing is read before the size is known to fit
@require_http_methods(["GET", "POST"])
def dataset_upload(request: TeamRequest) -> HttpResponse:
    """A file comes in. Scripts that ask for JSON get `{"url": …}` or `{"error": …}`."""
    return redirect("datasets") if request.method == "GET" else _upload(request, None)


@csrf_exempt  # as above
@require_http_methods(["GET", "POST"])
def dataset_replace(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """A file comes in, in the place of another: a new dataset, the next version of the table."""
    found = _dataset(request, dataset_id)
    if request.method == "GET":
        return redirect(f"{reverse('dataset', args=[found.pk])}#replace")
    return _upload(request, found)


def _upload(request: TeamRequest, replaces: Dataset | None) -> HttpResponse:
    refused = upload_guard.refusal(request.team, request.META.get("CONTENT_LENGTH"))
    if refused:
        return _refused(request, replaces, refused.words, refused.status)
    try:
        return _take(request, replaces)
    except OSError as error:
        upload_guard.drop(request.upload_handlers)
        if not is_disk_full(error):
            raise
        return _refused(request, replaces, upload_guard.FULL, 507)


@csrf_protect
def _take(request: TeamRequest, replaces: Dataset | None) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, replaces, form.first_error(), UNPROCESSABLE)
    file, name = form.cleaned_data["file"], form.cleaned_data["name"]
    try:
        url = reverse("dataset", args=[importer.receive(request.team, request.user, file, name, replaces).pk])
    except NotTaken as error:
        return _refused(request, replaces, str(error), 429)
    return JsonResponse({"url": url}, status=201) if _is_script(request) else redirect(url)


def _refused(request: TeamRequest, replaces: Dataset | None, words: str, status: int) -> HttpResponse:
    if _is_script(request):
        return JsonResponse({"error": words}, status=status)
    if replaces:
        return page_of(request, replaces, {"refused": words}, status=status)
    return render(request, "datasets/list.html", list_context(request) | {"refused": words}, status=status)


def _is_script(request: TeamRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


# --- one dataset


@require_safe
def dataset(request: TeamRequest, dataset_id: int) -> HttpResponse:
    return page_of(request, _dataset(request, dataset_id))


def page_of(
    request: TeamRequest, found: Dataset, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The page of a dataset; `context` brings a form that has errors, or why an upload was not taken."""
    return render(request, "datasets/dataset.html", _context(request, found) | (context or {}), status=status)


@require_GET
def dataset_progress(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """The live part during the import. At the end it holds the whole page body, and stops polling."""
    found = _dataset(request, dataset_id)
    if not request.htmx:
        return redirect("dataset", found.pk)
    return render(request, "datasets/_live.html", _context(request, found))


@require_safe
def dataset_rows(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """The table of rows alone, for htmx; the address that one sees, and may share, is the page's."""
    found = _dataset(request, dataset_id)
    page = f"{reverse('dataset', args=[found.pk])}?{request.GET.urlencode()}"
    if not request.htmx:
        return redirect(f"{page}#rows")
    return push_url(render(request, "datasets/_rows.html", _context(request, found)), page)


@require_safe
def dataset_row(request: TeamRequest, dataset_id: int, row: int) -> HttpResponse:
    """One row, whole."""
    found = _dataset(request, dataset_id)
    cells = dataset_queries.row_cells(found, row) if found.state == DatasetState.READY else None
    if cells is None:
        raise Http404
    context = {
        "dataset": found,
        "row": row,
        "cells": cells,
        "previous": row - 1,
        "next": row + 1 if row < found.row_count else None,
    }
    return render(request, "datasets/row.html", context)


def _context(request: TeamRequest, found: Dataset) -> dict[str, Any]:
    """Returns what the page of a dataset shows in its state."""
    context: dict[str, Any] = {"dataset": found, "versions": dataset_queries.versions(found)} | upload_part(found.team)
    if found.state == DatasetState.READY:
        batches = found.batches.filter(deleted_at=None).select_related("created_by").order_by("-pk")
        search = clean_text(request.GET.get("search"))[:400]
        page = dataset_queries.row_page(found, _first(request))
        context["columns"] = zip_longest(found.columns, page.rows[0][1] if page.rows else ())
        context["search"], context["page"] = search, page
        context["file_place"] = found.columns.index(found.file_column) if found.file_column in found.columns else None
        if search:
            context["page"] = dataset_queries.searched_page(found, search, _first(request), _found_before(request))
        context["same_file"] = dataset_queries.same_file(found)
        context["batches"] = batches[: dataset_queries.SHOWN_BATCHES]
    if found.state == DatasetState.ASKING:
        context["answer_form"] = AnswerForm(found.questions, chosen=dataset_queries.answers_before(found))
    if found.state in {DatasetState.READY, DatasetState.REFUSED}:
        context["profile"] = file_details.profile(found)
        context["facts"] = file_details.facts(found) if found.form or found.state == DatasetState.READY else []
        context["may_differ"] = file_details.may_differ(found)
        context["decisions"] = dataset_queries.decisions(found)
        context["problems"] = found.problems[:PROBLEMS_SHOWN]
        context["recorded"] = len(found.problems)
        context["has_skipped"] = bool(found.left_out) and found.file.storage.exists(found.skipped_name)
        context["whole_file"] = file_details.whole_file_problem(found)
    return context


def _found_before(request: TeamRequest) -> list[int]:
    """Returns the rows that earlier requests of a search found, which takes several."""
    return [int(row) for row in request.GET.get("found", "").split(".") if whole_number(row)]


def _first(request: TeamRequest) -> int:
    return whole_number(request.GET.get("row")) or 1


# --- taking along, and deleting


@require_safe
def dataset_original(request: TeamRequest, dataset_id: int) -> HttpResponseBase:
    """The upload as it came, byte for byte."""
    found = _dataset(request, dataset_id)
    try:
        file = found.file.open("rb")
    except (FileNotFoundError, ValueError):
        messages.error(request, "The uploaded file is gone from the server's disk.")
        return redirect("dataset", found.pk)
    security_log.record("dataset_downloaded", request, dataset=found.pk)
    return FileResponse(file, as_attachment=True, filename=found.filename, content_type="application/octet-stream")


@require_safe
def dataset_skipped(request: TeamRequest, dataset_id: int) -> HttpResponseBase:
    """The rows that were skipped, byte for byte, below the header of the file."""
    found = _dataset(request, dataset_id)
    try:
        file = found.file.storage.open(found.skipped_name)
    except FileNotFoundError:
        raise Http404 from None
    security_log.record("dataset_downloaded", request, dataset=found.pk, part="skipped")
    suffix = ".jsonl" if found.form in {"json", "jsonl", "requests"} else ".csv"
    name = f"{found.name[:100]} - skipped{suffix}"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")


@require_safe
def dataset_problems(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """All recorded problems of a refused file, for a spreadsheet."""
    found = _dataset(request, dataset_id)
    security_log.record("dataset_downloaded", request, dataset=found.pk, part="problems")
    report = problem_report.problems_csv(found.problems).encode("utf-8-sig")
    name = content_disposition_header(as_attachment=True, filename=f"{found.name[:100]} - problems.csv") or ""
    return HttpResponse(report, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@require_http_methods(["GET", "POST"])
def dataset_delete(request: TeamRequest, dataset_id: int) -> HttpResponse:
    found = _dataset(request, dataset_id)
    if request.method == "GET":
        batches = found.batches.filter(deleted_at=None).order_by("-pk")[: dataset_queries.SHOWN_BATCHES]
        back = reverse("dataset", args=[found.pk])
        context = {"dataset": found, "batches": batches, "back": back, "verb": "Delete the dataset"}
        return render(request, "datasets/in_use.html" if batches else "datasets/delete.html", context)
    try:
        dataset_removal.delete(found)
    except dataset_removal.InUse as error:
        messages.error(request, str(error))
        return redirect("dataset", found.pk)
    restore = [("action", "restore"), ("pk", str(found.pk))]
    offer_undo(request, f"“{found}” is deleted.", reverse("datasets-selected"), restore)
    return redirect("datasets")
