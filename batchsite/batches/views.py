"""The list of batches, and the page of one that was submitted."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches import results_selectors, selectors
from batchsite.batches.models import Batch
from batchsite.batches.results_selectors import Wanted
from batchsite.batches.standing import standing, tone_of
from batchsite.batches.states import RowState, State
from batchsite.http import TeamRequest, page_or_part, whole_number, words_of

LATEST = 6
"""Lines of the timeline that stand open; earlier ones are folded."""


@require_GET
def batches(request: TeamRequest) -> HttpResponse:
    """The list; for its own poll, the rows that are shown."""
    asked = request.GET
    shown = [int(pk) for pk in asked.get("shown", "").split(",") if whole_number(pk)]
    if shown:
        return render(request, "batches/_list.html", {"listing": selectors.listed(request.team, shown)})
    filters: dict[str, Any] = {
        "search": words_of(asked.get("search")),
        "only": asked.get("only", ""),
        "person": whole_number(asked.get("person")),
    }
    found = selectors.listing(
        request.team, **filters, after=whole_number(asked.get("after")), before=whole_number(asked.get("before"))
    )
    context = {
        "listing": found,
        "filters": [(name, label) for name, (label, _) in selectors.FILTERS.items()],
        "asked": filters,
        "is_filtered": any(filters.values()),
        "people": request.team.members.order_by("name", "email"),
    }
    return page_or_part(request, "batches/list.html", "batches/_list.html", context)


@require_GET
def batch(request: TeamRequest, batch_id: int) -> HttpResponse:
    """How it stands, and its rows. A draft has its own page."""
    found = selectors.batch_of(request.team, batch_id)
    if found.state == State.DRAFT:
        return redirect("batch-edit", found.pk)
    wanted = wanted_of(request.GET)
    at = whole_number(request.GET.get("at"))
    after = at - 1 if at else whole_number(request.GET.get("after"))
    before = None if at else whole_number(request.GET.get("before"))
    context = _standing(request, found, wanted) | {
        "page": results_selectors.page_of(found, wanted, after, before),
        "states": RowState.choices,
        "now": timezone.now(),
        "first": found.row_limit is not None and found.row_limit < found.dataset.row_count,
    }
    return render(request, "batches/batch.html", context)


@require_GET
def batch_progress(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The live part. Where more than figures changed since `shown`, what stands around it comes along."""
    found = selectors.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch", found.pk)
    if found.state == State.DRAFT:
        return HttpResponseClientRedirect(reverse("batch-edit", args=[found.pk]))
    context = _standing(request, found, wanted_of(request.GET))
    context["oob"] = context["standing"].mark != request.GET.get("shown")
    return render(request, "batches/_live.html", context)


def _standing(request: TeamRequest, found: Batch, wanted: Wanted) -> dict[str, Any]:
    stands = standing(found)
    story = [(event, tone_of(event)) for event in stands.events]
    kept = {name: value for name in ("state", "cause", "after", "before") if (value := request.GET.get(name))}
    return {
        "batch": found,
        "standing": stands,
        "wanted": wanted,
        "causes": results_selectors.causes(found),
        "earlier": story[:-LATEST],
        "timeline": story[-LATEST:],
        "poll_url": f"{reverse('batch-progress', args=[found.pk])}?{urlencode({'shown': stands.mark, **kept})}",
        "query": f"?{urlencode(kept)}" if kept else "",
    }


def wanted_of(asked: QueryDict) -> Wanted:
    """Which rows the address asks for; what it does not know counts as all."""
    state = asked.get("state", "")
    return Wanted(state if state in RowState.values else "", words_of(asked.get("cause"))[:60])


@require_GET
def batch_row(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    """One row: prompt, answer, how it came about, and its neighbours among the wanted rows."""
    found = selectors.batch_of(request.team, batch_id)
    wanted = wanted_of(request.GET)
    detail = results_selectors.row_detail(found, row, wanted)
    context = {"batch": found, "wanted": wanted, "detail": detail, "row": row}
    if detail is None:
        return render(request, "batches/no_row.html", context, status=404)
    return render(request, "batches/row.html", context)
