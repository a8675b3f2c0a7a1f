"""The page of the ledger, and its files."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.home import ledger as books
from batchsite.processes.stream_slots import streams
from batchsite.tables.sheet_writers import csv_lines, write_workbook
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


@require_GET
def ledger(request: TeamRequest) -> HttpResponse:
    month, way = _month(request), request.GET.get("by", "")
    way = way if way in books.WAYS else "batch"
    real, simulated = books.totals(request.team, month)
    context = {
        "months": books.months(request.team),
        "month": month,
        "ways": [*books.WAYS],
        "by": way,
        "lines": books.lines(request.team, month, way),
        "most": books.MOST_LINES,
        "real": real,
        "simulated": simulated,
    }
    return render(request, "home/ledger.html", context)


@require_GET
@streams
def ledger_file(request: TeamRequest, form: str) -> HttpResponseBase:
    month = _month(request)
    security_log.record("ledger_downloaded", request)
    name, rows = f"ledger-{month:%Y-%m}" if month else "ledger", books.rows(request.team, month)
    if form == "csv":
        answer = StreamingHttpResponse(csv_lines(books.HEAD, rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return answer
    if form != "xlsx":
        raise Http404
    with tempfile.TemporaryDirectory(dir=settings.DATA) as folder:
        path = Path(folder) / "ledger.xlsx"
        write_workbook(path, "Ledger", books.HEAD, rows)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"{name}.xlsx")  # lives on until it is sent


def _month(request: TeamRequest) -> date | None:
    """The month in the address, such as 2026-11. None for all. Raises Http404 for what is no month."""
    text = request.GET.get("month", "")
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError as error:
        raise Http404 from error
