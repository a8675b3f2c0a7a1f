"""Disk space for what a small file unpacks to: some stays free, whatever is unpacked. Pure."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile

RESERVE = 500_000_000
"""Bytes that are left for the database and for others. A packed file of 10 MB may hold 10 GB."""
_STEP = 32_000_000


def keep_room(before: int, after: int) -> None:
    """Called around a write to a temporary file, with its sizes. Raises OSError where the disk is about to be full."""
    if before // _STEP != after // _STEP and shutil.disk_usage(tempfile.gettempdir()).free < RESERVE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
