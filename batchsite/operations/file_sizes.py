"""How much room files take while a site runs beside."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG


def bytes_below(folder: Path) -> int:
    """Returns the bytes of all files in a folder and those in it; folders that go meanwhile are passed over."""
    return bytes_of(Path(place) / name for place, _, names in os.walk(folder) for name in names)


def bytes_of(paths: Iterable[Path]) -> int:
    """Returns the bytes of those that are files; what is deleted meanwhile takes none."""
    total = 0
    for path in paths:
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        total += found.st_size if S_ISREG(found.st_mode) else 0
    return total
