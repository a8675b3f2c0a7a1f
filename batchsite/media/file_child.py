"""The child process of `file_reader`: looks at one file after the other, whatever their bytes do to it.

    parent: what is asked (1 byte), page (4 bytes), length (8 bytes), the file; with AS_BEFORE the last file again
    child: length (4 bytes), JSON, length (4 bytes), a picture or a text

It has little memory, and little processor time for each file. At either limit it may simply die.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from typing import IO, Any

from batchsite.media.pdf_pages import NoPages, page_jpeg, page_text
from batchsite.media.seen_file import see

SECONDS = {"picture": 4, "document": 5, "page text": 5, "page picture": 5}
"""What may be asked, and its processor time. The slowest honest picture, 50 megapixels in PNG, takes one; 20 pages
take 0.2."""
ASKED = tuple(SECONDS)
MEMORY = 700_000_000
"""Bytes. The same picture takes 450 MB."""
HEAD = ">BIQ"
AS_BEFORE = 2**64 - 1


def main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files, answers = sys.stdin.buffer, sys.stdout.buffer
    data = b""
    while head := files.read(struct.calcsize(HEAD)):
        number, page, size = struct.unpack(HEAD, head)
        asked = ASKED[number]
        _allow_time(SECONDS[asked])
        try:
            data = data if size == AS_BEFORE else files.read(size)
            _answer(answers, *_found(asked, page, data))
        except MemoryError:
            raise SystemExit(1) from None


def _found(asked: str, page: int, data: bytes) -> tuple[Any, bytes]:
    """Returns what is seen of a file and its small picture, or what is wrong with a page and the page."""
    try:
        if asked == "page text":
            return "", page_text(data, page).encode("utf-8", "replace")
        if asked == "page picture":
            return "", page_jpeg(data, page)
    except NoPages as error:
        return str(error), b""
    seen = see(asked, data)
    return [seen.mime, seen.width, seen.height, seen.problem, seen.pages, seen.characters, seen.pages_problem], (
        seen.thumb or b""
    )


def _answer(answers: IO[bytes], found: Any, content: bytes) -> None:
    said = json.dumps(found).encode()
    answers.write(struct.pack(">I", len(said)) + said + struct.pack(">I", len(content)) + content)
    answers.flush()


def _allow_time(seconds: int) -> None:
    """Has the kernel end the process once it has used this many more seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


if __name__ == "__main__":
    main()
