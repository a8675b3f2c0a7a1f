"""The list of datasets: sorted, filtered, and what is done to the ticked ones."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from batchsite.datasets import dataset_queries, dataset_removal
from batchsite.datasets.dataset_queries import NEWEST, SORTS, Listing
from batchsite.datasets.forms import AddressForm, PasteForm, RenameForm, UploadForm
from batchsite.datasets.models import Dataset
from batchsite.datasets.upload_limits import room_for
from batchsite.http import (
    UNPROCESSABLE,
    at_its_address,
    chips_of,
    clean_text,
    next_url,
    offer_undo,
    offered_undo,
    whole_number,
    whole_numbers,
)
from batchsite.key_pages import sort_in, sort_links
from batchsite.teams.models import Team
from batchsite.teams.requests import TeamRequest
from batchsite.wording import many


@require_safe
def datasets(request: TeamRequest) -> HttpResponse:
    """The list, with the drop zone on top; for its own poll, the rows that are shown."""
    shown = whole_numbers(request.GET.get("shown", "").split(","))
    if shown:
        listing = dataset_queries.listed(request.team, shown)
        return render(request, "datasets/_list.html", _table(request.GET, listing))
    context = list_context(request) | {"undo": offered_undo(request)}
    return at_its_address(request, render(request, "datasets/list.html", context))


def list_context(request: TeamRequest) -> dict[str, Any]:
    """Returns what the page of all datasets shows."""
    query = request.GET
    search, person = clean_text(query.get("search"))[:200], whole_number(query.get("person"))
    people = list(request.team.members.order_by("name", "email"))
    listing = dataset_queries.listing(
        request.team,
        search,
        person=person,
        sort=sort_in(query, SORTS),
        after=whole_number(query.get("after")),
        before=whole_number(query.get("before")),
    )
    names = {one.pk: "you" if one == request.user else str(one) for one in people}
    filters = [("search", f"“{search}”")] if search else []
    filters += [("person", f"by {names.get(person, 'somebody else')}")] if person else []
    return upload_part(request.team) | _table(query, listing) | {
        "search": search,
        "person": person,
        "people": people,
        "chips": chips_of(query, filters),
        "is_narrowed": bool(filters or query.get("after") or query.get("before")),
    }  # fmt: skip


def upload_part(team: Team) -> dict[str, Any]:
    """Returns what the place to drop a file needs: how big it may be is said before anybody sends one."""
    forms = {"upload_form": UploadForm(), "paste_form": PasteForm(), "address_form": AddressForm()}
    return forms | {"limit": room_for(team), "share": settings.OPTIONS.team_bytes}


def _table(query: QueryDict, listing: Listing) -> dict[str, Any]:
    """Returns what the table shows, and its poll again, which carries the query of the page."""
    kept, sort = query.copy(), sort_in(query, SORTS)
    kept.pop("shown", None)
    links = sort_links(kept, SORTS, sort or NEWEST)
    return {"listing": listing, "links": links, "sort": sort, "page_query": kept.urlencode()}


@require_POST
def datasets_selected(request: TeamRequest) -> HttpResponse:
    """Deletes the ticked datasets that no batch is made of, or brings deleted ones back."""
    back = next_url(request) if request.POST.get("next") else reverse("datasets")
    pks = whole_numbers(request.POST.getlist("pk"))
    is_restoring = request.POST.get("action") == "restore"
    chosen = Dataset.objects.filter(team=request.team, pk__in=pks, deleted_at__isnull=not is_restoring)
    done = [dataset.pk for dataset in chosen.order_by("pk") if _do(request, dataset, is_restoring=is_restoring)]
    if done:
        _offer_undo(request, done, back, is_restoring=is_restoring)
    elif not pks:
        messages.error(request, "Select datasets first.")
    return redirect(back)


def _do(request: TeamRequest, dataset: Dataset, *, is_restoring: bool) -> bool:
    """Deletes or restores. Returns whether it was possible; if not, says why."""
    if is_restoring:
        if not dataset_removal.restore(dataset):
            messages.warning(request, f"“{dataset}” was deleted too long ago.")
            return False
        return True
    try:
        dataset_removal.delete(dataset)
    except dataset_removal.InUse as error:
        messages.warning(request, str(error))
        return False
    return True


def _offer_undo(request: TeamRequest, done: list[int], back: str, *, is_restoring: bool) -> None:
    count = many(len(done), "dataset")
    fields = [("next", back), *(("pk", str(pk)) for pk in done)]
    if is_restoring:
        messages.success(request, f"{count} restored.")
        return
    offer_undo(request, f"{count} deleted.", reverse("datasets-selected"), [("action", "restore"), *fields])


@require_http_methods(["GET", "POST"])
def dataset_rename(request: TeamRequest, dataset_id: int) -> HttpResponse:
    dataset = get_object_or_404(dataset_queries.datasets_of(request.team), pk=dataset_id)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": dataset.name})
    if request.method == "POST" and form.is_valid():
        Dataset.objects.filter(pk=dataset.pk).update(name=form.cleaned_data["name"])
        return redirect("dataset", dataset.pk)
    context = {
        "dataset": dataset,
        "form": form,
        "question": f"Rename “{dataset}”",
        "verb": "Rename",
        "calm": True,
        "back": reverse("dataset", args=[dataset.pk]),
    }
    return render(request, "datasets/rename.html", context, status=UNPROCESSABLE if form.errors else 200)
