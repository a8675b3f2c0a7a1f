"""Other ways in than a file: a table that is pasted, and a table at a web address."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batchsite.datasets import dataset_queries, importer
from batchsite.datasets.forms import AddressForm, PasteForm
from batchsite.datasets.upload_limits import NotTaken
from batchsite.datasets.views_list import list_context
from batchsite.datasets.web_address import NotFetched
from batchsite.http import UNPROCESSABLE
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


@require_POST
def dataset_paste(request: TeamRequest) -> HttpResponse:
    """A table that was copied from a spreadsheet: its text becomes an upload."""
    form = PasteForm(request.POST)
    if not form.is_valid():
        return _refused(request, {"paste_form": form})
    text, name = form.cleaned_data["table"].encode(), form.cleaned_data["name"]
    upload = SimpleUploadedFile("Pasted table.txt", text, "text/plain")
    try:
        return redirect("dataset", importer.receive(request.team, request.user, upload, name).pk)
    except NotTaken as error:
        form.add_error("table", str(error))
        return _refused(request, {"paste_form": form})


@require_POST
def dataset_fetch(request: TeamRequest) -> HttpResponse:
    """A table at a web address: a worker fetches it."""
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            dataset = importer.receive_address(request.team, request.user, form.cleaned_data["address"])
            security_log.record("address_fetched", request, dataset=dataset.pk, host=dataset.filename)
            return redirect("dataset", dataset.pk)
        except (NotFetched, NotTaken) as error:
            form.add_error("address", str(error))
    return _refused(request, {"address_form": form})


def _refused(request: TeamRequest, forms: dict[str, object]) -> HttpResponse:
    """The page of all datasets again, with what was typed and what is wrong with it."""
    return render(request, "datasets/list.html", list_context(request) | forms, status=UNPROCESSABLE)


@require_POST
def dataset_fetch_again(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """Tries once more to fetch a table that could not be fetched."""
    found = get_object_or_404(dataset_queries.datasets_of(request.team), pk=dataset_id)
    if not importer.fetch_again(found):
        messages.info(request, "There is nothing to fetch again.")
    return redirect("dataset", found.pk)
