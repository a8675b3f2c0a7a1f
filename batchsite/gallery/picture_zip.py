"""All kept pictures or videos of a batch as a zip with a manifest, streamed: little of it is in memory at a time."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Iterator
from itertools import islice

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.gallery.models import GeneratedPicture, PictureState
from batchsite.tables.formulas import without_formulas

MANIFEST = "manifest.csv"
COLUMNS = ["file", "row", "number", "batch_request_id", "state", "problem", "width", "height", "bytes", "prompt"]
AT_ONCE = 200


class _Pipe(io.RawIOBase):
    """Buffers what is written until it is taken. It cannot seek, so a zip is written in one pass."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # whatever zipfile writes is bytes-like
        self._parts.append(piece)
        return len(piece)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_of(batch: Batch) -> Iterator[bytes]:
    """Yields the zip: the manifest first, then each picture as it was made, unpacked as pictures hardly shrink."""
    pipe, when = _Pipe(), time.gmtime()[:6]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(MANIFEST, when), "w", force_zip64=True) as manifest:
            for piece in _manifest(batch):
                manifest.write(piece)
                yield pipe.take()
        for picture in _pictures(batch):
            if picture.state != PictureState.KEPT:
                continue
            entry = zipfile.ZipInfo(picture.filename, when)
            with picture.file.open("rb") as file, archive.open(entry, "w", force_zip64=True) as target:
                for piece in file.chunks():
                    target.write(piece)
                    yield pipe.take()
    yield pipe.take()


def _pictures(batch: Batch) -> Iterator[GeneratedPicture]:
    """Yields all pictures in the order of their rows, some at a time: no cursor stays open during a slow download."""
    last = (0, 0)
    while some := list(
        GeneratedPicture.objects.filter(batch=batch, row__gte=last[0])
        .defer("thumb", "address")
        .order_by("row", "number")[: AT_ONCE + 10]
    ):
        fresh = [picture for picture in some if (picture.row, picture.number) > last]
        if not fresh:
            return
        yield from fresh
        last = (fresh[-1].row, fresh[-1].number)


def _manifest(batch: Batch) -> Iterator[bytes]:
    """Yields the lines of the manifest, some at a time."""
    recipe, text = recipe_of(batch), io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for some in _groups(_pictures(batch)):
        cells = batch.dataset.pick(picture.row for picture in some)
        for one in some:
            prompt = recipe.prompt.render(cells[one.row]) if one.row in cells else ""
            name = one.filename if one.state == PictureState.KEPT else ""
            about = [one.request_id, one.state, one.problem, one.width, one.height, one.size]
            writer.writerow(without_formulas(map(str, [name, one.row, one.number, *about, prompt])))  # people open it
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()


def _groups(pictures: Iterator[GeneratedPicture]) -> Iterator[list[GeneratedPicture]]:
    while some := list(islice(pictures, AT_ONCE)):
        yield some
