"""A clock that jumps: each process adds the seconds that a file of its data folder names, if there is one."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

FILE = "clock-offset"
LOOK_EVERY = 0.2
"""Seconds between two looks at the file."""

_now = timezone.now


class JumpingClock:
    """Takes the place of `timezone.now`."""

    def __init__(self, file: Path) -> None:
        self._file, self._offset, self._looked_at = file, timedelta(), 0.0

    def now(self) -> datetime:
        if time.monotonic() - self._looked_at > LOOK_EVERY:
            self._looked_at = time.monotonic()
            self._offset = timedelta(seconds=self._read())
        return _now() + self._offset

    def _read(self) -> float:
        try:
            return float(self._file.read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0.0


def install() -> None:
    """Before any model is made, as their defaults hold the function."""
    data = os.environ.get("BATCHSITE_DATA")
    if data:
        timezone.now = JumpingClock(Path(data) / "run" / FILE).now
