"""Receives a multipart/form-data body as a stream: fields into memory, the part ``file`` to disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from batchsite.sandbox.exchange import Reader

_PIECE = 256 * 1024
_MAX_FIELD = 64 * 1024
"""Bytes of a field, and of the headers of a part."""


class Malformed(Exception):
    """A body that is not a valid upload. The message is for the sender; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Upload:
    """What was received. ``fields`` holds only the fields before the file; later ones are ignored (facts 3)."""

    filename: str = ""
    size: int = -1
    fields: dict[str, str] = field(default_factory=dict)


def receive(content_type: str, stream: Reader, path: Path, limit: int) -> Upload:
    """Writes the file to ``path`` and returns what was received. ``limit`` is the largest file in bytes.

    Raises Malformed; a part of the file may then be left at ``path``.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Malformed("Expected a multipart/form-data body with a part named file.")
    with path.open("wb") as file:
        form = _Form(file, limit)
        try:
            parser = _parser(boundary, form)
            while not form.complete and (piece := stream.read(_PIECE)):
                parser.write(piece)
        except FormParserError:
            raise Malformed("The body is not valid multipart/form-data.") from None
    if not form.complete:
        raise Malformed("The body ends in the middle of a part.")
    if form.upload.size < 0:
        raise Malformed("The body has no part named file.")
    return form.upload


def _parser(boundary: bytes, form: _Form) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": form.begin_part,
            "on_header_field": form.add_header_name,
            "on_header_value": form.add_header_value,
            "on_header_end": form.end_header,
            "on_headers_finished": form.open_part,
            "on_part_data": form.add_data,
            "on_part_end": form.end_part,
            "on_end": form.end,
        },
        max_header_size=2 * _MAX_FIELD,
    )


class _Form:
    """Collects what the parser reports. ``complete`` = the final boundary was seen."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.upload = Upload()
        self.complete = False
        self._file = file
        self._limit = limit
        self.begin_part()

    def begin_part(self) -> None:
        self._headers: dict[str, bytes] = {}
        self._header_name = self._header_value = b""
        self._header_bytes = 0
        self._is_file = False
        self._field = b""

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += self._header_piece(data, start, end)

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += self._header_piece(data, start, end)

    def _header_piece(self, data: bytes, start: int, end: int) -> bytes:
        self._header_bytes += end - start
        if self._header_bytes > _MAX_FIELD:
            raise Malformed("The headers of a part are too long.", 413)
        return data[start:end]

    def end_header(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value
        self._header_name = self._header_value = b""

    def open_part(self) -> None:
        _, self._options = parse_options_header(self._headers.get("content-disposition", b""))
        self._is_file = self._options.get(b"name") == b"file" and self.upload.size < 0
        if self._is_file:
            self.upload.filename = self._option(b"filename") or "file"
            self.upload.size = 0

    def _option(self, name: bytes) -> str:
        return self._options.get(name, b"").decode(errors="replace")

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self._field += data[start:end]
            if len(self._field) > _MAX_FIELD:
                raise Malformed("A field of the form is too long.", 413)
            return
        self.upload.size += end - start
        if self.upload.size > self._limit:
            raise Malformed(f"The file exceeds the maximum size of {self._limit} bytes.", 413)
        self._file.write(memoryview(data)[start:end])

    def end_part(self) -> None:
        if self.upload.size < 0:
            self.upload.fields[self._option(b"name")] = self._field.decode(errors="replace")

    def end(self) -> None:
        self.complete = True
