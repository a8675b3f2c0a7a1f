"""The pictures of a batch: small copies of ours to look at, each and all as downloads."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.templatetags.static import static
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.gallery.models import GeneratedPicture, PictureState
from batchsite.gallery.picture_zip import zip_of
from batchsite.media.picture_answer import picture_answer
from batchsite.processes.stream_slots import streams
from batchsite.recipes.recipe import id_prefix
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


def batch_with_pictures(request: TeamRequest, batch_id: int) -> Batch:
    """Returns a batch of the team that makes pictures. Raises Http404 for any other."""
    batch = queries.batch_of(request.team, batch_id)
    if not batch.makes_pictures or batch.state == State.DRAFT:
        raise Http404("This batch makes no pictures.")
    return batch


@require_safe
def batch_picture(request: TeamRequest, batch_id: int, row: int, number: int) -> HttpResponse:
    """The small copy of a picture; a sign for one that is no picture after all."""
    picture = _picture(request, batch_id, row, number)
    return redirect(static("document.svg")) if picture.thumb is None else picture_answer(picture.thumb)


@require_safe
@streams
def batch_picture_file(request: TeamRequest, batch_id: int, row: int, number: int) -> HttpResponse:
    """The picture as it was made, as a download."""
    picture = _picture(request, batch_id, row, number)
    try:
        with picture.file.open("rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise Http404("The picture is gone from the server's disk.") from None
    security_log.record("results_downloaded", request, batch=batch_id, part="picture")
    name = content_disposition_header(as_attachment=True, filename=picture.filename) or "attachment"
    return HttpResponse(data, content_type="application/octet-stream", headers={"Content-Disposition": name})


def _picture(request: TeamRequest, batch_id: int, row: int, number: int) -> GeneratedPicture:
    kept = GeneratedPicture.objects.filter(batch=batch_with_pictures(request, batch_id), state=PictureState.KEPT)
    return get_object_or_404(kept, row=row, number=number)


@require_safe
@streams
def batch_pictures_zip(request: TeamRequest, batch_id: int) -> HttpResponseBase:
    """All pictures that are kept, with a manifest of all."""
    batch = batch_with_pictures(request, batch_id)
    security_log.record("results_downloaded", request, batch=batch.pk, part="pictures")
    answer = StreamingHttpResponse(zip_of(batch), content_type="application/zip")
    name = f"{id_prefix(batch.name)}-pictures.zip"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return answer
