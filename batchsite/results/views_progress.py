"""The live parts of a batch's page."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches import queries
from batchsite.batches.batch_tabs import TABS, tabs_of
from batchsite.batches.end_records import mark_seen
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.results import cause_counts, summaries
from batchsite.results.batch_status import status_of, tone_of
from batchsite.results.row_filter import RowFilter, filter_in, query_of
from batchsite.results.table_context import table_context
from batchsite.teams.requests import TeamRequest

LATEST = 6
"""Events of the timeline that are shown; earlier ones are folded."""


POLLED = ("shown", "tab", "read")
"""Parameters of the poll alone: the fingerprint that is shown, the tab, and how far its rows were read."""


@require_GET
def batch_progress(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The head of the page, with the rows if more were read, and other parts if more than figures changed."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch", batch.pk)
    if batch.state == State.DRAFT:
        return HttpResponseClientRedirect(reverse("batch-edit", args=[batch.pk]))
    if request.headers.get("X-Visible") == "true":
        mark_seen(batch, request.user)
    shown, tab, read = (request.GET.get(name, "") for name in POLLED)
    request.GET = cast("Any", _without_poll(request.GET))  # links in the answer are those of the page
    row_filter = filter_in(request.GET)
    context = status_context(request, batch, row_filter, tab if tab in TABS else "results")
    context["has_moved"] = context["standing"].fingerprint != shown
    context["back"] = f"{reverse('batch', args=[batch.pk])}{context['query']}"  # not the address of the poll
    if tab == "results" and read != _read_so_far(batch):
        context |= table_context(request, batch, summaries.summary_of(batch), row_filter)
    return render(request, "results/_live.html", context)


def _without_poll(query: QueryDict) -> QueryDict:
    page_query = query.copy()
    for name in POLLED:
        page_query.pop(name, None)
    return page_query


def _read_so_far(batch: Batch) -> str:
    """Changes when a row of the table may have changed."""
    return f"{batch.state}-{batch.done}-{batch.cost_ticks}"


def status_context(request: TeamRequest, batch: Batch, row_filter: RowFilter, tab: str) -> dict[str, Any]:
    """Returns what every tab of the page of a batch shows."""
    status = status_of(batch)
    story = [(event, tone_of(event)) for event in status.events]
    page_query = _without_poll(request.GET)
    poll = urlencode({"shown": status.fingerprint, "tab": tab, "read": _read_so_far(batch)})
    polled = filter(None, [poll, page_query.urlencode()])
    return {
        "batch": batch,
        "standing": status,
        "wanted": row_filter,
        "chosen_count": query_of(row_filter),
        "tab": tab,
        "tabs": tabs_of(batch),
        "first": batch.row_limit is not None and batch.row_limit < batch.dataset.row_count,
        "causes": cause_counts.labelled(batch),
        "misfits": cause_counts.misfits(batch),
        "earlier": story[:-LATEST],
        "timeline": story[-LATEST:],
        "poll_url": f"{reverse('batch-progress', args=[batch.pk])}?{'&'.join(polled)}",
        "query": f"?{page_query.urlencode()}" if page_query else "",
    }
