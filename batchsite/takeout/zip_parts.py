"""A zip that is written in parts. Pure, no database.

A zip is its files one after the other, followed by a directory that says where each begins. What comes before the
directory can be written in any number of pieces, which need not know their position.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Beat = Callable[[int], None]
"""Called with the bytes that were just read, before they are written; it may raise."""


@dataclass(frozen=True)
class Member:
    """A file to be written."""

    path: str
    what: str
    """What it is, for people."""
    pieces: Iterable[bytes]
    count: int | None = None
    """Rows or records in it, where it has any."""
    is_packed: bool = False
    """Whether packing it would hardly make it smaller."""


@dataclass(frozen=True)
class ZipEntry:
    """A file that was written, as the manifest and the directory need it."""

    path: str
    what: str
    count: int | None
    size: int
    sha256: str
    crc: int
    packed_size: int
    method: int
    offset: int
    """Of the file in its part."""
    at: list[int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def write_part(path: Path, members: Iterable[Member], beat: Beat) -> list[ZipEntry]:
    """Writes files as a part of a zip. Returns them. The disk has them when this returns."""
    entries = []
    with path.open("xb") as raw:
        with zipfile.ZipFile(raw, "w") as archive:
            for member in members:
                entries.append(_write(archive, member, beat))
            end = archive.start_dir
        raw.truncate(end)
    return entries


def _write(archive: zipfile.ZipFile, member: Member, beat: Beat) -> ZipEntry:
    info = zipfile.ZipInfo(member.path, time.gmtime()[:6])
    info.compress_type = zipfile.ZIP_STORED if member.is_packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as file:
        for piece in member.pieces:
            beat(len(piece))
            digest.update(piece)
            file.write(piece)
    sizes = (info.file_size, digest.hexdigest(), info.CRC, info.compress_size, info.compress_type)
    return ZipEntry(member.path, member.what, member.count, *sizes, info.header_offset, list(info.date_time))


def directory(parts: Iterable[tuple[int, list[dict[str, Any]]]]) -> bytes:
    """Returns the end of the zip that consists of these parts: (bytes, entries as JSON)."""
    begins, infos = 0, []
    for size, entries in parts:
        for entry in entries:
            info = zipfile.ZipInfo(entry["path"], tuple(entry["at"]))
            info.compress_type, info.CRC, info.external_attr = entry["method"], entry["crc"], 0o600 << 16
            info.compress_size, info.file_size = entry["packed_size"], entry["size"]
            info.header_offset = begins + entry["offset"]
            infos.append(info)
        begins += size
    end = _Behind(begins)
    with zipfile.ZipFile(end, "w") as archive:
        archive.filelist.extend(infos)
    return end.getvalue()


class _Behind(io.BytesIO):
    """The end of a file whose beginning is elsewhere."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self._before = before

    def tell(self) -> int:
        return super().tell() + self._before

    def seek(self, offset: int, whence: int = 0) -> int:
        return super().seek(offset - self._before if whence == 0 else offset, whence) + self._before


def bytes_of(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece
