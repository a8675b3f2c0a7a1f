"""The log of a child: the child writes the file itself, the supervisor follows it.

No pipe in between, so that a supervisor that is stopped (Ctrl-Z), slow or gone never blocks a child. The file
is opened for appending, therefore it can be emptied in place while the child goes on writing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

BIGGEST = 10_000_000
"""Bytes of a log before it becomes `<name>.log.1`; so a process keeps 20 MB at most."""
_READ = 256_000
_LONGEST_LINE = 64_000


class LogFile:
    """`<folder>/<name>.log`, followed from where it ended when this object was made."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        self._position = self._size()
        self._rest = b""

    def open(self) -> int:
        """A descriptor for a child to write to; the void where not even that is possible (a full disk)."""
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            return os.open(os.devnull, os.O_WRONLY)

    def new_lines(self) -> list[bytes]:
        """The whole lines written since the last call. Of a flood only the newest part is returned."""
        size = self._size()
        if size < self._position:  # somebody emptied it
            self._position, self._rest = 0, b""
        if size == self._position:
            return []
        if size - self._position > _READ:
            self._position, self._rest = size - _READ, b""
        *lines, rest = (self._rest + self._read(self._position, _READ)).split(b"\n")
        self._rest = rest[-_LONGEST_LINE:]
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
        """The end of the log, for a person to read."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            file.seek(max(0, self._size() - _LONGEST_LINE))
            lines = file.read().decode(errors="replace").splitlines()
            return [line for line in lines if line.strip()][-count:]
        return []

    def rotate(self) -> None:
        """Keep a log that has grown too big as `.log.1` and begin anew; without room for that just begin anew."""
        if self._size() < BIGGEST:
            return
        older = self.path.with_suffix(".log.1")
        try:
            shutil.copyfile(self.path, older)
        except OSError:
            with contextlib.suppress(OSError):
                older.unlink()
        with contextlib.suppress(OSError):
            os.truncate(self.path, 0)
        self._position, self._rest = 0, b""

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0
