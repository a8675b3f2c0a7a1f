"""The page of the ledger, and its files."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.home import ledger_lines as books
from batchsite.http import day_of
from batchsite.processes.stream_slots import streams
from batchsite.table_answer import table_answer
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
    name = f"ledger-{month:%Y-%m}" if month else "ledger"
    answer = table_answer(form, name, "Ledger", books.HEAD, books.rows(request.team, month))
    security_log.record("ledger_downloaded", request)
    return answer


def _month(request: TeamRequest) -> date | None:
    """The month in the address, such as 2026-11. None for all. Raises Http404 for what is no month."""
    text = request.GET.get("month", "")
    month = day_of(f"{text}-01")
    if text and month is None:
        raise Http404
    return month
