"""The small pictures of files that came with a table. The files themselves are only ever sent as downloads."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.templatetags.static import static
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from batchsite.datasets import dataset_queries
from batchsite.media.models import HeldFile
from batchsite.media.picture_answer import picture_answer
from batchsite.media.shelf import DatasetShelf, FileGone
from batchsite.processes.stream_slots import streams
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


@require_safe
def dataset_thumb(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """The small picture of the file that `name` says, as a cell does; a sign for one that is no picture."""
    held = _held(request, dataset_id)
    if held.thumb is None:
        return redirect(static("document.svg"))
    return picture_answer(held.thumb)


@require_safe
@streams
def dataset_file(request: TeamRequest, dataset_id: int) -> HttpResponse:
    """The file itself, as a download."""
    held = _held(request, dataset_id)
    try:
        data = DatasetShelf(held.dataset).read(held.name)
    except FileGone as error:
        raise Http404(str(error)) from None
    security_log.record("dataset_downloaded", request, dataset=dataset_id, part="file")
    name = content_disposition_header(as_attachment=True, filename=held.base) or "attachment"
    return HttpResponse(data, content_type="application/octet-stream", headers={"Content-Disposition": name})


def _held(request: TeamRequest, dataset_id: int) -> HeldFile:
    dataset = get_object_or_404(dataset_queries.datasets_of(request.team), pk=dataset_id)
    found = DatasetShelf(dataset).find(request.GET.get("name", "").replace("\0", "")[:300])
    if found is None:
        raise Http404("That file doesn’t exist.")
    return HeldFile.objects.select_related("dataset").get(dataset=dataset, name=found.name)
