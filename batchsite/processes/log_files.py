"""The log of a child process, which writes the file itself while the supervisor follows it.

There is no pipe, so that a supervisor that is stopped (Ctrl-Z), slow or gone never blocks a child. The file is opened
for appending and can therefore be truncated while the child goes on writing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

BIGGEST = 10_000_000
"""Bytes of a log before it becomes `<name>.log.1`. A process keeps at most twice as much."""
_READ = 256_000
_LONGEST_LINE = 64_000


class LogFile:
    """`<folder>/<name>.log`, followed from its end at the time when this object was made."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        self._position = self._size()
        self._unfinished = b""

    def open(self) -> int:
        """A descriptor for the child to write to; /dev/null if the file cannot be opened (a full disk)."""
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            return os.open(os.devnull, os.O_WRONLY)

    def new_lines(self) -> list[bytes]:
        """The complete lines written since the last call. Of very many only the newest are returned."""
        size = self._size()
        if size < self._position:  # it was truncated
            self._position, self._unfinished = 0, b""
        if size == self._position:
            return []
        if size - self._position > _READ:
            self._position, self._unfinished = size - _READ, b""
        *lines, unfinished = (self._unfinished + self._read(self._position, _READ)).split(b"\n")
        self._unfinished = unfinished[-_LONGEST_LINE:]
        return lines

    def _read(self, position: int, count: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(position)
                data = file.read(count)
        except OSError:
            return b""
        self._position = position + len(data)
        return data

    def last_lines(self, count: int) -> list[str]:
        """The last lines of the log that are not empty."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            file.seek(max(0, self._size() - _LONGEST_LINE))
            lines = file.read().decode(errors="replace").splitlines()
            return [line for line in lines if line.strip()][-count:]
        return []

    def rotate(self) -> None:
        """Moves a log that is too big to `.log.1` and truncates it. Without room for the copy it is only truncated."""
        if self._size() < BIGGEST:
            return
        previous = self.path.with_suffix(".log.1")
        try:
            shutil.copyfile(self.path, previous)
        except OSError:
            with contextlib.suppress(OSError):
                previous.unlink()
        with contextlib.suppress(OSError):
            os.truncate(self.path, 0)
        self._position, self._unfinished = 0, b""

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0
