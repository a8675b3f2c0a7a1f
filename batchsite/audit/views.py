"""The page of the audit trail, and its files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from batchsite.audit.models import AuditEvent
from batchsite.audit.trail import HEAD, rows, searched, trail_of
from batchsite.http import clean_text, day_of, whole_number
from batchsite.processes.stream_slots import streams
from batchsite.table_answer import table_answer
from batchsite.teams import security_log
from batchsite.teams.people import is_operator
from batchsite.teams.requests import TeamRequest

SHOWN = 100
MOST_IN_A_SHEET = 1_000_000


@require_GET
def audit(request: TeamRequest) -> HttpResponse:
    events, asked = _asked(request).order_by("-pk"), _query(request)
    before = whole_number(request.GET.get("before"))
    found = list((events.filter(pk__lt=before) if before else events)[: SHOWN + 1])
    older = f"?{urlencode(asked | {'before': str(found[SHOWN - 1].pk)})}" if len(found) > SHOWN else ""
    context = {
        "events": found[:SHOWN],
        "asked": asked,
        "query": urlencode(asked),
        "older": older,
        "newest": f"?{urlencode(asked)}" if before else "",
    }
    return render(request, "audit/audit.html", context)


@require_GET
@streams
def audit_file(request: TeamRequest, form: str) -> HttpResponseBase:
    events = _asked(request).order_by("pk")[:MOST_IN_A_SHEET]
    answer = table_answer(form, "audit-trail", "Audit trail", HEAD, rows(events.iterator(2000)))
    security_log.record("trail_downloaded", request)
    return answer


def _query(request: TeamRequest) -> dict[str, str]:
    return {name: text for name in ("q", "from", "to") if (text := clean_text(request.GET.get(name)))}


def _asked(request: TeamRequest) -> QuerySet[AuditEvent]:
    """Returns the events that the query string asks for."""
    asked = _query(request)
    events = searched(trail_of(request.team, is_operator=is_operator(request.user)), asked.get("q", ""))
    if first := _day(asked.get("from")):
        events = events.filter(at__gte=first)
    if last := _day(asked.get("to")):
        events = events.filter(at__lt=last + timedelta(days=1))
    return events


def _day(text: str | None) -> datetime | None:
    """Returns the day that a date field sent. None for anything else."""
    day = day_of(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
