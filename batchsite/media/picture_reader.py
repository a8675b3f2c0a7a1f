"""Pictures and PDFs are decoded in a process of their own: a file may be made to take hours, or all memory.

A JPEG of 270 kB with a thousand progressive scans kept a worker busy for minutes, in a library that nothing
interrupts. In a child only the child ends (see `picture_child`), and the file is one that cannot be read.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from types import TracebackType
from typing import IO, cast

from batchsite.media.picture_child import KINDS
from batchsite.media.seen_file import Seen, see

GAVE_UP = Seen(problem="It cannot be read: decoding it takes more time or memory than a file may take.")
_MOST_SAID, _MOST_THUMB = 10_000, 2_000_000


class PictureReader:
    """Looks at files, one at a time. Use it as a context manager; its process begins with the first picture."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def see(self, data: bytes, kind: str = "picture") -> Seen:
        """Returns what is seen of a file. One that ends the process is `GAVE_UP`."""
        if kind not in KINDS:
            return see(kind, data)
        child = self._child = self._child or _begin()
        files, answers = cast(IO[bytes], child.stdin), cast(IO[bytes], child.stdout)  # they are pipes
        try:
            files.write(struct.pack(">BQ", KINDS.index(kind), len(data)))
            files.write(data)
            files.flush()
            mime, width, height, problem, pages, characters = json.loads(_part(answers, _MOST_SAID))
            thumb = _part(answers, _MOST_THUMB)
        except (OSError, EOFError):
            self._end()
            return GAVE_UP
        return Seen(mime, width, height, thumb or None, problem, pages, characters)

    def _end(self) -> None:
        """Ends the child, which may be in the middle of something."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        child.wait()


def _begin() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "batchsite.media.picture_child"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  our own module


def _part(answers: IO[bytes], most: int) -> bytes:
    """Returns the next part of an answer. Raises EOFError where the child has ended, or says what it never would."""
    head = answers.read(4)
    size = struct.unpack(">I", head)[0] if len(head) == 4 else most + 1
    part = answers.read(size) if size <= most else b""
    if len(part) < size:
        raise EOFError
    return part
