"""The child process of `picture_reader`: looks at one file after the other, whatever their bytes do to it.

    parent: kind (1 byte), length (8 bytes), the file
    child: length (4 bytes), JSON, length (4 bytes), the small picture

It has little memory, and for each file little time of the processor. At either limit it may end as it likes.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from typing import IO

from batchsite.media.seen_file import see

KINDS = ("picture", "document")
SECONDS = 4
"""Processor time of a picture. The slowest honest one, 50 megapixels in PNG, takes one."""
MEMORY = 700_000_000
"""Bytes. The same picture takes 450 MB."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := files.read(9):
        _allow_time()
        kind, size = struct.unpack(">BQ", head)
        try:
            _answer(answers, KINDS[kind], files.read(size))
        except MemoryError:
            raise SystemExit(1) from None


def _answer(answers: IO[bytes], kind: str, data: bytes) -> None:
    seen = see(kind, data)
    said = json.dumps([seen.mime, seen.width, seen.height, seen.problem, seen.pages, seen.characters]).encode()
    thumb = seen.thumb or b""
    answers.write(struct.pack(">I", len(said)) + said + struct.pack(">I", len(thumb)) + thumb)
    answers.flush()


def _allow_time() -> None:
    """The kernel ends the process once it has used so many seconds more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + SECONDS + 1, hard))


if __name__ == "__main__":
    main()
