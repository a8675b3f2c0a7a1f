"""Tests keep their files in memory if there is room: on a disk most of their time goes by in flushing commits.

What is proved stays the same: SQLite and PostgreSQL flush as they do in production (`test_power_loss.py`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
LEAST_ROOM = 4_000_000_000
"""Bytes that must be free there; a run needs about one tenth of them."""


def keep_files_in_memory() -> None:
    """Lets this process and those that it starts make temporary files in memory. TMPDIR, if set, goes first."""
    if "TMPDIR" in os.environ or not os.access(SHARED_MEMORY, os.W_OK):
        return
    if shutil.disk_usage(SHARED_MEMORY).free >= LEAST_ROOM:
        os.environ["TMPDIR"] = str(SHARED_MEMORY)
        tempfile.tempdir = None  # asked for anew
