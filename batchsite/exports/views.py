"""Downloads: the choice of form, rows and columns, and the file itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, quote_etag, urlencode
from django.views.decorators.http import require_GET, require_safe

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.exports import export_build, share_links
from batchsite.exports.download_choice import ROWS, DownloadChoice, fingerprint, names_of
from batchsite.exports.models import Export
from batchsite.exports.result_files import ALL_FORMS, AnyForm, Built, content, filename, refusal
from batchsite.exports.table_writers import TooBig
from batchsite.http import UNPROCESSABLE
from batchsite.results import filtered_rows
from batchsite.results.row_filter import filter_in, pairs_of, query_of, unknown_filter
from batchsite.teams import security_log
from batchsite.teams.models import User
from batchsite.teams.requests import TeamRequest

ENDINGS = tuple(dict.fromkeys(form.ending for form in ALL_FORMS.values()))


class DownloadForm(forms.Form):
    """The form of the file, its rows and its columns."""

    form = forms.ChoiceField(
        label="Form",
        initial="csv",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "That file format doesn’t exist."},
    )
    rows = forms.ChoiceField(
        label="Rows",
        initial="all",
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "That choice of rows doesn’t exist."},
    )
    ranges = forms.CharField(
        label="Only these rows of the dataset",
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"placeholder": "1-100, 205"}),
    )
    column = forms.MultipleChoiceField(
        label="Columns",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "The file doesn’t have that column: %(value)s."},
    )

    def __init__(self, data: QueryDict | None, batch: Batch, query: QueryDict) -> None:
        """`query` is that of the address, which may hold a row filter whether the form was sent or not."""
        self.batch, names = batch, names_of(batch)
        self.query, self.row_filter = query, filter_in(query)
        self.kept, self.kept_query = pairs_of(self.row_filter), query_of(self.row_filter)
        self.sort = self.row_filter.sort
        super().__init__(data, initial={"column": names, "rows": "filter" if self.kept else "all"})
        offered = [(name, ROWS[name]) for name in ROWS if _is_offered(batch, name)]
        if self.kept:
            offered.insert(0, ("filter", ROWS["filter"]))
        forms = [(form.name, f"{form.label}: {refusal(batch, form) or form.hint}") for form in ALL_FORMS.values()]
        self.fields["form"].choices = forms  # type: ignore[attr-defined]
        self.fields["rows"].choices = offered  # type: ignore[attr-defined]
        self.fields["column"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.names = names

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self.choice.within(self.batch)
            form = ALL_FORMS.get(cleaned.get("form", ""))
            if form and (why_not := refusal(self.batch, form, self.choice)):
                self.add_error("form", why_not)
        except ValueError as error:
            self.add_error("ranges", str(error))
        if self.choice.rows == "filter" and (wrong := unknown_filter(self.query, self.row_filter)):
            self.add_error("rows", f"“{wrong}” is no filter of rows.")
        return cleaned

    def count(self) -> None:
        """Adds the number of rows of the filter to its label; only for a page, as it takes a moment."""
        if self.kept:
            count, rows = filtered_rows.counted(self.batch, self.kept_query), self.fields["rows"]
            others = [choice for choice in rows.choices if choice[0] != "filter"]  # type: ignore[attr-defined]
            rows.choices = [("filter", f"{count}: {count.words}"), *others]  # type: ignore[attr-defined]

    @property
    def table_query(self) -> str:
        """The query of the table whose rows it is about, with their order."""
        return urlencode([*self.kept, *([("sort", self.sort)] if self.sort else [])])

    @property
    def choice(self) -> DownloadChoice:
        given = self.cleaned_data
        columns = tuple(given.get("column") or ())
        chosen = () if set(columns) == set(self.names) else columns
        rows, ranges = given.get("rows") or "all", (given.get("ranges") or "").strip()
        if rows != "filter":
            return DownloadChoice(rows, ranges, chosen)
        return DownloadChoice(rows, ranges, chosen, self.kept_query, self.row_filter.sort)


def _is_offered(batch: Batch, rows: str) -> bool:
    pending = not batch.is_terminal or batch.pending > 0
    return {"misfit": bool(batch.shape), "pending": pending, "filter": False}.get(rows, True)


@require_safe
def batch_download(request: TeamRequest, batch_id: int) -> HttpResponseBase:
    """Sends the file if the address says which one, else shows the choice. All checks come before the first byte."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    form = DownloadForm(request.GET if "form" in request.GET else None, batch, request.GET)
    if form.is_valid() and "link" not in request.GET:
        return _answer(request, batch, ALL_FORMS[form.cleaned_data["form"]], form.choice, request.user)
    form.count()
    context: dict[str, Any] = {"batch": batch, "form": form, "endings": ENDINGS}
    if form.is_bound and form.is_valid():
        security_log.record("link_made", request, batch=batch.pk)
        token = share_links.sign(batch, request.user, form.cleaned_data["form"], form.choice)
        name = filename(batch, ALL_FORMS[form.cleaned_data["form"]], form.choice)
        path = reverse("shared-results", args=[token, name])
        context |= {"link": request.build_absolute_uri(path), "valid": share_links.VALID.days, "name": name}
    return render(request, "exports/download.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_safe
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
        context = {"batch": batch, "form": form, "endings": ENDINGS}
        return render(request, "exports/download.html", context, status=UNPROCESSABLE)
    return _answer(request, batch, ALL_FORMS[form.cleaned_data["form"]], form.choice, request.user)


@login_not_required
@require_safe
def shared_results(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Sends the file of a signed link, for scripts that cannot sign in."""
    shared = share_links.opened(token)
    if shared is None:
        words = "This link no longer works: it has expired, its creator left the team, or the batch was deleted.\n"
        return HttpResponse(words, status=410, content_type="text/plain; charset=utf-8")
    return _answer(request, shared.batch, ALL_FORMS[shared.form], shared.choice, None)


# ---- the file ------------------------------------------------------------------------------------------------


def _answer(
    request: HttpRequest, batch: Batch, form: AnyForm, choice: DownloadChoice, user: User | None
) -> HttpResponseBase:
    """Returns the file, or 304 if the client has it already. `user` is None for a signed link."""
    etag, changed = quote_etag(fingerprint(batch, form.name, choice)), _changed_at(batch)
    if changed:
        had = get_conditional_response(request, etag, None if choice.filter else int(changed.timestamp()))
        if had is not None:
            return had
    response = _built(request, batch, form, choice, user) if isinstance(form, Built) else _streamed(batch, form, choice)
    if response.status_code == 200:
        security_log.record("results_downloaded", request, batch=batch.pk, form=form.name, by_link=user is None)
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
    if export_build.is_small(batch):
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
