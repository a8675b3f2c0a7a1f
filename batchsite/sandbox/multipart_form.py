"""Reads a multipart/form-data body as a stream: fields into memory, the part ``file`` to disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from batchsite.sandbox.exchange import Reader

_PIECE = 256 * 1024
_MAX_FIELD = 64 * 1024


class Malformed(Exception):
    """A body that is no upload, in words for the sender, with the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Upload:
    """What was received. ``fields`` holds only what came before the file: later ones do not count (facts 3)."""

    filename: str = ""
    size: int = -1
    fields: dict[str, str] = field(default_factory=dict)


def receive(content_type: str, stream: Reader, path: Path, limit: int) -> Upload:
    """Writes the file to ``path``. Raises Malformed, leaving a part of the file behind at worst."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise Malformed("Expected a multipart/form-data body with a part named file.")
    upload = Upload()
    parts = _Parts(stream, boundary.encode())
    for headers in parts:
        _take(upload, headers, parts, path, limit)
    if upload.size < 0:
        raise Malformed("The body has no part named file.")
    return upload


def _take(upload: Upload, headers: Message, parts: _Parts, path: Path, limit: int) -> None:
    name = headers.get_param("name", header="content-disposition")
    if name == "file" and upload.size < 0:
        upload.filename = headers.get_filename() or "file"
        upload.size = _save(parts.content(), path, limit)
    else:
        text = b"".join(parts.content(_MAX_FIELD)).decode(errors="replace")
        if upload.size < 0:
            upload.fields[str(name)] = text


def _save(pieces: Iterator[bytes], path: Path, limit: int) -> int:
    size = 0
    with path.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise Malformed(f"The file exceeds the maximum size of {limit} bytes.", 413)
            file.write(piece)
    return size


class _Parts:
    """Walks over the parts; the content of one must be consumed before the next."""

    def __init__(self, stream: Reader, boundary: bytes) -> None:
        self._stream = stream
        self._mark = b"\r\n--" + boundary
        self._buffer = b"\r\n"
        """Begins as if a part had just ended, because the first boundary has no line break before it."""

    def __iter__(self) -> Iterator[Message]:
        for _ in self.content(_MAX_FIELD):
            pass
        while not self._at_end():
            yield HeaderParser().parsestr(self._until(b"\r\n\r\n").decode(errors="replace"))

    def content(self, limit: int | None = None) -> Iterator[bytes]:
        """The bytes up to the next boundary, which is consumed with them."""
        size = 0
        while (end := self._buffer.find(self._mark)) < 0:
            keep = len(self._mark) - 1
            piece, self._buffer = self._buffer[:-keep], self._buffer[-keep:]
            size += len(piece)
            if limit is not None and size > limit:
                raise Malformed("A field of the form is too long.", 413)
            if piece:
                yield piece
            self._more()
        piece, self._buffer = self._buffer[:end], self._buffer[end + len(self._mark) :]
        if piece:
            yield piece

    def _until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > _MAX_FIELD:
                raise Malformed("The headers of a part are too long.", 413)
            self._more()
        head, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
        return head.removeprefix(b"\r\n")

    def _at_end(self) -> bool:
        """Two dashes behind a boundary end the body."""
        while len(self._buffer) < 2:
            self._more()
        return self._buffer.startswith(b"--")

    def _more(self) -> None:
        piece = self._stream.read(_PIECE)
        if not piece:
            raise Malformed("The body ends in the middle of a part.")
        self._buffer += piece
