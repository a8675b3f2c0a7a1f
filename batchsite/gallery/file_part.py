"""A stored file as a response, or the part of it that a player's Range header asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

PIECE = 64 * 1024
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def part_of(file: IO[bytes], size: int, wanted: str, kind: str) -> HttpResponseBase:
    """Returns the file, the part that the header `wanted` names, or 416 where there is no such part.

    Ignores a header with several ranges, which the protocol allows. The response closes the file.
    """
    first, last = _span(wanted, size)
    if first > last:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    is_part = (first, last) != (0, size - 1)
    file.seek(first)
    answer = StreamingHttpResponse(_pieces(file, last - first + 1), status=206 if is_part else 200, content_type=kind)
    answer["Accept-Ranges"], answer["Content-Length"] = "bytes", str(last - first + 1)
    if is_part:
        answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    answer._resource_closers.append(file.close)  # type: ignore[attr-defined]
    return answer


def _span(wanted: str, size: int) -> tuple[int, int]:
    """Returns the first and the last byte that are wanted; the first is after the last if there are none."""
    found = _RANGE.fullmatch(wanted.strip())
    first, last = found.groups() if found else ("", "")
    if first:
        return int(first), min(int(last or size), size - 1)
    return (max(0, size - int(last)), size - 1) if last else (0, size - 1)


def _pieces(file: IO[bytes], count: int) -> Iterator[bytes]:
    while count > 0 and (piece := file.read(min(PIECE, count))):
        count -= len(piece)
        yield piece
