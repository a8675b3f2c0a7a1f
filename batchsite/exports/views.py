"""Downloads: the choice of form, rows and columns, and the file itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, quote_etag
from django.views.decorators.http import require_GET, require_safe

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.exports import export_build
from batchsite.exports.download_choice import DownloadChoice, fingerprint
from batchsite.exports.forms import DownloadForm, LinkForm
from batchsite.exports.models import Export
from batchsite.exports.result_files import ALL_FORMS, AnyForm, Built, content, filename
from batchsite.exports.share_links import links_of
from batchsite.exports.table_writers import TooBig
from batchsite.http import UNPROCESSABLE
from batchsite.processes.stream_slots import streams
from batchsite.teams import security_log
from batchsite.teams.models import User
from batchsite.teams.requests import TeamRequest

ENDINGS = tuple(dict.fromkeys(form.ending for form in ALL_FORMS.values()))


@require_safe
def batch_download(request: TeamRequest, batch_id: int) -> HttpResponseBase:
    """Sends the file if the address says which one, else shows the choice. All checks come before the first byte."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    form = DownloadForm(request.GET if "form" in request.GET else None, batch, request.GET)
    if form.is_valid() and "link" not in request.GET:
        return answer(request, batch, ALL_FORMS[form.cleaned_data["form"]], form.choice, request.user)
    form.count()
    context: dict[str, Any] = {"batch": batch, "form": form, "endings": ENDINGS, "links": links_of(batch).count()}
    if form.is_bound and form.is_valid():
        context |= {"link_form": LinkForm(), "query": request.GET.urlencode()}
    return render(request, "exports/download.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_safe
@streams
def batch_results(request: TeamRequest, batch_id: int, ending: str) -> HttpResponseBase:
    """Sends the file at its stable address: `/batches/12/results.csv`, optionally with a choice of rows and columns."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    given = request.GET.copy()
    if ending not in ENDINGS:
        raise Http404("That file format doesn’t exist.")
    given["form"] = "excel" if ending == "csv" and "excel" in given else ending
    form = DownloadForm(given, batch, request.GET)
    if not form.is_valid():
        context = {"batch": batch, "form": form, "endings": ENDINGS, "links": links_of(batch).count()}
        return render(request, "exports/download.html", context, status=UNPROCESSABLE)
    return answer(request, batch, ALL_FORMS[form.cleaned_data["form"]], form.choice, request.user)


# ---- the file ------------------------------------------------------------------------------------------------


def answer(
    request: HttpRequest,
    batch: Batch,
    form: AnyForm,
    choice: DownloadChoice,
    user: User | None,
    by_link: int | None = None,
) -> HttpResponseBase:
    """Returns the file, or 304 if the client has it already. `user` is None where the link `by_link` fetches it."""
    etag, changed = quote_etag(fingerprint(batch, form.name, choice)), _changed_at(batch)
    if changed:
        had = get_conditional_response(request, etag, None if choice.filter else int(changed.timestamp()))
        if had is not None:
            return had
    response = _built(request, batch, form, choice, user) if isinstance(form, Built) else _streamed(batch, form, choice)
    if response.status_code == 200:
        security_log.record("results_downloaded", request, batch=batch.pk, form=form.name, by_link=by_link)
        response["Content-Disposition"] = content_disposition_header(True, filename(batch, form, choice)) or ""
        if changed:
            response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
            if not choice.filter:  # its rows may change although no result does
                response["Last-Modified"] = http_date(changed.timestamp())
        else:
            response["X-Incomplete"] = "true"
    return response


def _changed_at(batch: Batch) -> datetime | None:
    """Returns when the file last changed. None while the batch runs."""
    return batch.ended_at if batch.is_terminal else None


def _streamed(batch: Batch, form: Any, choice: DownloadChoice) -> HttpResponseBase:
    return StreamingHttpResponse(content(batch, form, choice), content_type=form.content_type)


def _built(
    request: HttpRequest, batch: Batch, form: Built, choice: DownloadChoice, user: User | None
) -> HttpResponseBase:
    """Returns a small file at once, a big one when a worker has built it; until then a page with the progress."""
    if export_build.is_small(batch, choice):
        try:
            return FileResponse(export_build.file_now(batch, form, choice), content_type=form.content_type)
        except TooBig as error:
            return HttpResponse(f"{error}\n", status=UNPROCESSABLE, content_type="text/plain; charset=utf-8")
    export = export_build.request(batch, form, choice, user)
    if export.ready_at:
        return FileResponse(export.file.open("rb"), content_type=form.content_type)
    if user is not None:
        return redirect("batch-export", batch.pk, export.pk)
    words = export.problem or f"Being built: {export.rows_done:,} rows so far. Try again in a moment."
    response = HttpResponse(f"{words}\n", status=422 if export.problem else 202, content_type="text/plain")
    if not export.problem:
        response["Retry-After"] = "15"
    return response


@require_GET
def batch_export(request: TeamRequest, batch_id: int, export_id: int) -> HttpResponseBase:
    """Shows the progress of a file that is being built, and the file once it is ready."""
    batch = queries.batch_of(request.team, batch_id)
    export = get_object_or_404(Export, batch=batch, pk=export_id)
    choice, form = DownloadChoice.from_json(export.choice), ALL_FORMS[export.form]
    context = {
        "batch": batch,
        "export": export,
        "form": form,
        "name": filename(batch, form, choice),
        "address": f"{reverse('batch-results', args=[batch.pk, form.ending])}?{choice.query}",
    }
    return render(request, "exports/_export.html" if request.htmx else "exports/export.html", context)
