"""Pictures and PDFs are decoded in a child process: a file may be crafted to take hours, or all memory.

A JPEG of 270 kB with a thousand progressive scans kept a worker busy for minutes, in a library that nothing
interrupts. In a child only the child ends (see `file_child`), and the file, or the page, is one that cannot be read.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from typing import IO, Any, cast

from batchsite.media.file_child import AS_BEFORE, ASKED, HEAD
from batchsite.media.pdf_pages import MOST_BYTES, NoPages
from batchsite.media.seen_file import Seen, see

TOO_MUCH = "takes more time or memory than a file may take"
GAVE_UP = Seen(problem=f"It cannot be read: decoding it {TOO_MUCH}.", gave_up=True)
GAVE_UP_PAGES = Seen("application/pdf", pages_problem=f"Drawing them {TOO_MUCH}.", gave_up=True)
"""The document itself can still be sent as it is."""
_MOST_SAID, _MOST_CONTENT = 10_000, max(2_000_000, MOST_BYTES)


class FileReader:
    """Looks at files, one at a time. Its process begins with the first one, and ends with the reader or before."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] | None = None
        self._sent: bytes | None = None
        """The file that the child has."""
        self._alone = threading.Lock()

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_child()

    def see(self, data: bytes, kind: str = "picture") -> Seen:
        """Returns what was found out about a file. Gives up on one that kills the child process."""
        if kind not in ASKED:
            return see(kind, data)
        try:
            said, thumb = self._ask(kind, data)
        except EOFError:
            return GAVE_UP_PAGES if kind == "document" else GAVE_UP
        mime, width, height, problem, pages, characters, pages_problem = said
        return Seen(mime, width, height, thumb or None, problem, pages, characters, pages_problem)

    def page_text(self, data: bytes, page: int) -> str:
        """Returns the text of a page of a document, counted from 0. Raises NoPages."""
        return self._page("page text", data, page).decode()

    def page_jpeg(self, data: bytes, page: int) -> bytes:
        """Returns a picture of a page of a document, counted from 0. Raises NoPages."""
        return self._page("page picture", data, page)

    def _page(self, asked: str, data: bytes, page: int) -> bytes:
        try:
            problem, content = self._ask(asked, data, page)
        except EOFError:
            raise NoPages(f"Reading it {TOO_MUCH}.") from None
        if problem:
            raise NoPages(problem)
        return content

    def _ask(self, asked: str, data: bytes, page: int = 0) -> tuple[Any, bytes]:
        """Returns what the child says, and the content that goes with it. Raises EOFError where it ended instead."""
        with self._alone:
            child = self._child = self._child or self._begin()
            files, answers = cast(IO[bytes], child.stdin), cast(IO[bytes], child.stdout)  # they are pipes
            is_there = data is self._sent
            self._sent = data
            try:
                files.write(struct.pack(HEAD, ASKED.index(asked), page, AS_BEFORE if is_there else len(data)))
                files.write(b"" if is_there else data)
                files.flush()
                return json.loads(_part(answers, _MOST_SAID)), _part(answers, _MOST_CONTENT)
            except (OSError, EOFError):
                self._end_child()
                raise EOFError from None

    def _begin(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "batchsite.media.file_child"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  our own module
        self._end = weakref.finalize(self, _end, child)
        return child

    def _end_child(self) -> None:
        if self._end:
            self._end()
        self._child = self._end = self._sent = None


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends the child, which may be in the middle of something."""
    child.kill()
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
    child.wait()


def _part(answers: IO[bytes], most: int) -> bytes:
    """Returns the next part of an answer. Raises EOFError where the child has ended, or says what it never would."""
    head = answers.read(4)
    size = struct.unpack(">I", head)[0] if len(head) == 4 else most + 1
    part = answers.read(size) if size <= most else b""
    if len(part) < size:
        raise EOFError
    return part
