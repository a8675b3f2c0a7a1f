"""An upload as it is read by an import."""

from __future__ import annotations

import io
import time
from typing import Any

from batchsite.datasets.models import Dataset
from batchsite.processes.leases import Claim
from batchsite.tables import ByteStream

EXTEND_EVERY = 5.0
"""Seconds between extensions of the lease while a file is read without anything to write."""


class WatchedFile(io.RawIOBase):
    """Counts the bytes that are read, and extends the lease meanwhile."""

    def __init__(self, file: ByteStream, claim: Claim[Dataset]) -> None:
        self.file, self.claim = file, claim
        self.count, self.extended = 0, time.monotonic()

    def read(self, size: int = -1, /) -> bytes:
        piece = self.file.read(size)
        self.count += len(piece)
        if time.monotonic() - self.extended > EXTEND_EVERY:
            self.claim.extend()
            self.extended = time.monotonic()
        return piece

    def readinto(self, buffer: Any, /) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()
