"""Pages of saved prompts: the list, a prompt with its versions, the changes between two versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from batchsite.http import UNPROCESSABLE, at_its_address, chips_of, clean_text, whole_number
from batchsite.key_pages import sort_in, sort_links
from batchsite.prompts import library, prompt_queries
from batchsite.prompts.diff import compare
from batchsite.prompts.forms import RenameForm
from batchsite.prompts.library import Contents
from batchsite.prompts.models import PromptVersion
from batchsite.teams.requests import TeamRequest

LONGEST_NAME = 200
"""Characters of a prompt's name: what is longer names none."""
ask_and_do = require_http_methods(["GET", "POST"])


@require_GET
def prompts(request: TeamRequest) -> HttpResponse:
    """The list, sorted and filtered as its address says."""
    query = request.GET
    search, person = clean_text(query.get("search"))[:LONGEST_NAME], whole_number(query.get("person"))
    after, before = whole_number(query.get("after")), whole_number(query.get("before"))
    sort = sort_in(query, prompt_queries.SORTS)
    people = list(request.team.members.order_by("name", "email"))
    names = {one.pk: "you" if one == request.user else str(one) for one in people}
    filters = [("search", f"“{search}”")] if search else []
    filters += [("person", f"by {names.get(person, 'somebody else')}")] if person else []
    context = {
        "listing": prompt_queries.listing(request.team, search, person=person, sort=sort, after=after, before=before),
        "links": sort_links(query, prompt_queries.SORTS, sort or "name"),
        "chips": chips_of(query, filters),
        "search": search,
        "person": person,
        "people": people,
        "sort": sort,
    }
    return at_its_address(request, render(request, "prompts/list.html", context))


@require_GET
def prompt(request: TeamRequest, prompt_id: int) -> HttpResponse:
    """One version of a prompt, the newest by default, and the list of all versions."""
    named = prompt_queries.prompt_of(request.team, prompt_id)
    versions = prompt_queries.versions_of(named)
    shown = _numbered(versions, request.GET.get("version"))
    batches = shown.batches.filter(team=request.team, deleted_at=None).order_by("-pk")[: prompt_queries.BATCHES_SHOWN]
    context = {"prompt": named, "versions": versions, "shown": shown, "batches": batches}
    return render(request, "prompts/prompt.html", context)


@require_GET
def prompt_compare(request: TeamRequest, prompt_id: int) -> HttpResponse:
    """Compares two versions of a prompt, the last two by default."""
    named = prompt_queries.prompt_of(request.team, prompt_id)
    versions = prompt_queries.versions_of(named)
    new = _numbered(versions, request.GET.get("new"))
    old = _numbered(versions, request.GET.get("old") or str(max(1, new.number - 1)))
    sections = compare(Contents.of(old), Contents.of(new))
    same = [section.title for section in sections if not section.changed]
    context = {"prompt": named, "versions": versions, "old": old, "new": new, "sections": sections, "same": same}
    return render(request, "prompts/compare.html", context)


@ask_and_do
def prompt_rename(request: TeamRequest, prompt_id: int) -> HttpResponse:
    named = prompt_queries.prompt_of(request.team, prompt_id)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": named.name})
    if request.method == "POST" and form.is_valid():
        try:
            library.rename(named, form.cleaned_data["name"])
            return redirect("prompt", named.pk)
        except library.NameTaken as error:
            form.add_error("name", str(error))
    context = _question(named.pk, f"Rename “{named}”", "Rename") | {"prompt": named, "form": form, "calm": True}
    return render(request, "prompts/rename.html", context, status=UNPROCESSABLE if form.errors else 200)


@ask_and_do
def prompt_delete(request: TeamRequest, prompt_id: int) -> HttpResponse:
    named = prompt_queries.prompt_of(request.team, prompt_id)
    if request.method == "POST":
        library.delete(named)
        messages.success(request, f"The prompt “{named}” is deleted.")
        return redirect("prompts")
    context = _question(named.pk, f"Delete the prompt “{named}”?", "Delete") | {"prompt": named}
    return render(request, "prompts/delete.html", context)


def _question(pk: int, question: str, verb: str) -> dict[str, Any]:
    return {"question": question, "verb": verb, "back": reverse("prompt", args=[pk])}


def _numbered(versions: list[PromptVersion], number: str | None) -> PromptVersion:
    """Returns the version with that number, the newest if there is no number. Raises Http404."""
    if not number:
        return versions[0]
    version = next((version for version in versions if version.number == whole_number(number)), None)
    if version is None:
        raise Http404("That version doesn’t exist.")
    return version
