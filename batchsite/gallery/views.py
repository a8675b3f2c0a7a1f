"""The pictures of a batch: small copies of ours to look at, each and all as downloads."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.templatetags.static import static
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.gallery.file_part import part_of
from batchsite.gallery.models import GeneratedPicture, PictureState
from batchsite.gallery.picture_zip import zip_of
from batchsite.media.picture_answer import only_shown, picture_answer
from batchsite.processes.stream_slots import streams
from batchsite.recipes.recipe import id_prefix
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


def batch_with_pictures(request: TeamRequest, batch_id: int) -> Batch:
    """Returns a batch of the team that makes pictures. Raises Http404 for any other."""
    batch = queries.batch_of(request.team, batch_id)
    if not batch.makes_media or batch.state == State.DRAFT:
        raise Http404("This batch makes no pictures.")
    return batch


@require_safe
def batch_picture(request: TeamRequest, batch_id: int, row: int, number: int) -> HttpResponse:
    """The small copy of a picture; a sign for one that is no picture after all."""
    picture = _picture(request, batch_id, row, number)
    return redirect(static("document.svg")) if picture.thumb is None else picture_answer(picture.thumb)


@require_safe
@streams
def batch_video(request: TeamRequest, batch_id: int, row: int, number: int) -> HttpResponseBase:
    """A video for a player, or the part of it that it asks for."""
    video = _picture(request, batch_id, row, number)
    if not video.is_video:
        raise Http404("It is no video that a player could show.")
    try:
        answer = part_of(video.file.open("rb"), video.size, request.headers.get("range", ""), video.mime)
    except FileNotFoundError:
        raise Http404("The video is gone from the server's disk.") from None
    if answer.status_code == 200:
        security_log.record("results_downloaded", request, batch=batch_id, part="video")
    return only_shown(answer)


@require_safe
@streams
def batch_picture_file(request: TeamRequest, batch_id: int, row: int, number: int) -> HttpResponseBase:
    """The picture or video as it was made, as a download."""
    picture = _picture(request, batch_id, row, number)
    try:
        file = picture.file.open("rb")
    except FileNotFoundError:
        raise Http404("The file is gone from the server's disk.") from None
    security_log.record("results_downloaded", request, batch=batch_id, part="picture")
    answer = FileResponse(file, content_type="application/octet-stream")
    name = content_disposition_header(as_attachment=True, filename=picture.filename)
    answer["Content-Disposition"] = name or "attachment"
    return answer


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
    name = f"{id_prefix(batch.name)}-{batch.media_noun}s.zip"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return answer
