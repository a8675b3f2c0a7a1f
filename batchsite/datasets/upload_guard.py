"""Refusing an upload before a byte of it is read."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler

from batchsite.datasets.upload_limits import why_no_upload
from batchsite.http import whole_number
from batchsite.teams.models import Team
from batchsite.wording import size

AROUND = 1_000_000
"""Bytes that a form may have beside its file."""
RESERVE = 200_000_000
"""Bytes that stay free for the database, which needs them to say what is wrong."""


FULL = "The server's disk has no room for this file. Nothing was saved. Ask whoever runs batchsite to make room."


@dataclass(frozen=True)
class Refusal:
    """Why an upload is not read, and the status to answer with."""

    words: str
    status: int


def refusal(team: Team, content_length: str | None) -> Refusal | None:
    """Returns why an upload with that Content-Length is refused. None if it is accepted."""
    limit, length = settings.OPTIONS.upload_bytes, whole_number(content_length) or 0
    if length > limit + AROUND:
        words = f"The file has {size(length)}; the limit is {size(limit)}. Split it, or ask whoever runs batchsite."
        return Refusal(words, 413)
    if length + RESERVE > shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free:
        return Refusal(FULL, 507)
    words = why_no_upload(team, max(0, length - AROUND))
    return Refusal(words, 429) if words else None


def drop(handlers: Iterable[FileUploadHandler]) -> None:
    """Removes the received part of an upload that cannot continue; Django leaves that to the garbage collector."""
    for handler in handlers:
        file = getattr(handler, "file", None)
        if file is not None:
            file.close()
