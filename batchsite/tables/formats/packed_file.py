"""Compressed files: unpacked a piece at a time into an unnamed temporary file. Pure."""

from __future__ import annotations

import gzip
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import IO, cast

from batchsite.tables.formats import file_archive
from batchsite.tables.formats.excel_sheet import open_excel
from batchsite.tables.formats.unsupported import say_what
from batchsite.tables.row_checks import refuse
from batchsite.tables.table_types import (
    Answers,
    Asks,
    ByteStream,
    Choice,
    Contents,
    Limits,
    Question,
    Table,
    Understood,
)
from batchsite.workbooks.disk_room import keep_room
from batchsite.workbooks.package import root_folder

GZIP, ZIP, EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
FILE = "file"
_TABLES = {".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".json", ".jsonl", ".ndjson", ".parquet"}
_PIECE = 1 << 20
_SHOWN = 50
_DAMAGED = (zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile, zipfile.BadZipFile, ValueError, IndexError)
_KINDS = (
    ("xl/", "an Excel file"),
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint file"),
    ("META-INF/MANIFEST.MF", "a Java program"),
    ("META-INF/container.xml", "a book (EPUB)"),
    ("Index/Document.iwa", "an Apple Numbers or Pages document"),
    ("Index.zip", "an Apple Numbers or Pages document"),
    ("AndroidManifest.xml", "an Android program"),
    ("doc.kml", "a map (KMZ)"),
)
_CONTENT_TYPES = "[content_types].xml"
_MOST_TYPES = 5_000_000
_MAIN_PARTS = (
    (b"spreadsheetml.sheet.main", "an Excel file"),
    (b"spreadsheetml.template.main", "an Excel file"),
    (b"ms-excel.sheet.", "an Excel file"),
    (b"wordprocessingml.document.main", "a Word document"),
    (b"presentationml.presentation.main", "a PowerPoint file"),
)
"""Words in the content type of the part that a package is about -> what it is."""


def recognises_gzip(head: bytes, filename: str) -> bool:
    return head.startswith(GZIP)


def recognises_zip(head: bytes, filename: str) -> bool:
    return head.startswith((ZIP, EMPTY_ZIP))


def open_gzip(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Contents:
    """The file in a gzip file. Raises ReadingError."""
    inner = PurePath(filename).name
    inner = inner[:-3] if inner.lower().endswith(".gz") else inner
    packed = gzip.GzipFile(fileobj=cast(IO[bytes], stream), mode="rb")
    return _unpacked(_pieces(packed, "gzip"), inner, "gz", limits)


def open_zip(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Table | Contents:
    """The table of an Excel file, or the file that lies in a zip file. Raises ReadingError, Asks."""
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], stream))
        entries = archive.infolist()
    except (*_DAMAGED, OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the disk, not the file
        raise refuse(_damaged_zip(stream, filename)) from None
    if any(entry.header_offset < 0 for entry in entries):  # a file on a disk would not find such a place
        raise refuse(_damaged_zip(stream, filename))
    kind = _kind(archive, entries)
    if kind == "an Excel file":
        return open_excel(archive, filename=filename, answers=answers, limits=limits)
    if kind:
        say_what(kind, filename)
    kept = [one for one in entries if file_archive.counts(one)]
    found = file_archive.members(kept)
    has_files = file_archive.holds_files(found)
    tables = [one for one in kept if PurePath(one.filename).suffix.lower() in file_archive.TABLES]
    if answers.get(FILE) == file_archive.EACH or (has_files and not tables and FILE not in answers):
        return file_archive.open_files(archive, found, answers=answers, limits=limits)
    if has_files:
        file_archive.refuse_many(found)
    entry = _entry(tables if has_files and tables else kept, answers, has_files=bool(found.files))
    if entry.flag_bits & 1:
        raise refuse(f"“{entry.filename}” in the zip archive is protected by a password. Zip it without one.")
    _check_size(entry.file_size, limits)
    try:
        packed = archive.open(entry)
    except (*_DAMAGED, NotImplementedError, RuntimeError):
        raise refuse(
            "The zip archive is damaged, or compressed in a way that can’t be read. Zip the file again."
        ) from None
    contents = _unpacked(_pieces(packed, "zip"), entry.filename, f"zip: {entry.filename}", limits)
    return replace(contents, beside=partial(_tell_of_files, found)) if has_files else contents


def _tell_of_files(found: file_archive.Members, table: Table) -> None:
    """Says in what was understood of a table which files lie beside it, and which column names them."""
    understood = table.understood
    understood.files = len(found.files)
    understood.file_column = file_archive.column_of_names(table.columns, list(table.sample), found)
    understood.notes += file_archive.notes(found)


def _damaged_zip(stream: ByteStream, filename: str) -> str:
    stream.seek(0)
    excel = b"xl/" in stream.read(65_536) or filename.lower().endswith((".xlsx", ".xlsm"))
    what = "Excel file" if excel else "zip archive"
    return f"This {what} is damaged or incomplete. Perhaps it was not copied completely: upload it again."


def _kind(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    """What a zip archive is the form of; nothing for one that only holds files."""
    names = [entry.filename.replace("\\", "/").lstrip("/") for entry in entries]
    root = len(root_folder(names))
    names = [name[root:] for name in names]
    types = next((entry for entry, name in zip(entries, names, strict=True) if name.lower() == _CONTENT_TYPES), None)
    if types:
        return _office_kind(archive, types, names)
    if any(name.lower() == "xl/workbook.xml" for name in names):
        return "an Excel file"
    if names and names[0] == "mimetype" and entries[0].file_size < 200:
        try:
            mimetype = archive.read(entries[0]).decode("ascii", "replace")
        except (*_DAMAGED, NotImplementedError, RuntimeError):
            mimetype = ""
        if "opendocument.spreadsheet" in mimetype:
            return "an OpenDocument spreadsheet"
        if "opendocument" in mimetype:
            return "an OpenDocument document"
    return next((kind for mark, kind in _KINDS[3:] if mark in names), "")


def _office_kind(archive: zipfile.ZipFile, types: zipfile.ZipInfo, names: list[str]) -> str:
    """What a package of Office is: by its folders, or by the types of its parts where they lie elsewhere."""
    by_folder = (kind for folder, kind in _KINDS[:3] if any(name.lower().startswith(folder) for name in names))
    if kind := next(by_folder, ""):
        return kind
    try:
        text = archive.open(types).read(_MOST_TYPES).lower() if types.file_size <= _MOST_TYPES else b""
    except (*_DAMAGED, NotImplementedError, RuntimeError):
        text = b""
    return next((kind for mark, kind in _MAIN_PARTS if mark in text), "an Office file")


def _entry(entries: list[zipfile.ZipInfo], answers: Answers, *, has_files: bool) -> zipfile.ZipInfo:
    """The one file of an archive, or the one that a person chose. Raises ReadingError, Asks."""
    if not entries:
        raise refuse("The zip archive is empty.")
    chosen = next((one for one in entries if one.filename == answers.get(FILE)), None)
    if len(entries) == 1 or chosen:
        return chosen or entries[0]
    choices = tuple(Choice(one.filename, f"{one.filename} ({one.file_size:,} bytes)") for one in entries[:_SHOWN])
    if has_files:
        choices += (Choice(file_archive.EACH, "None of them: each file is a row of its own"),)
    text = f"The zip archive has {len(entries):,} files. Which one is the table?"
    likeliest = max(entries, key=lambda one: (PurePath(one.filename).suffix.lower() in _TABLES, one.file_size))
    question = Question(FILE, text, choices, guess=likeliest.filename)
    raise Asks([question], Understood(form="", packed="zip"))


def _pieces(packed: IO[bytes] | gzip.GzipFile, what: str) -> Iterator[bytes]:
    """The bytes of a packed file. Raises ReadingError where they cannot be had."""
    try:
        while piece := packed.read(_PIECE):
            yield piece
    except (*_DAMAGED, NotImplementedError, RuntimeError):
        words = f"The {what} archive is damaged or incomplete: it can’t be unpacked completely."
        raise refuse(f"{words} Pack the file again, or upload it as it is.") from None


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.unpacked:
        message = f"Unpacked the file has more than {limits.unpacked:,} bytes, which is the limit."
        raise refuse(f"{message} Split it into smaller ones.")


def _unpacked(pieces: Iterator[bytes], name: str, packed: str, limits: Limits) -> Contents:
    """Returns the contents of `pieces` in an unnamed temporary file. Raises ReadingError."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed by whoever reads it)
    try:
        size = 0
        for piece in pieces:
            size += len(piece)
            _check_size(size, limits)
            file.write(piece)
            keep_room(size - len(piece), size)
        _refuse_nested(file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Contents(file, name, packed)


def _refuse_nested(file: IO[bytes]) -> None:
    """Raises ReadingError for an archive of files within an archive; an Excel file is one, but not of files."""
    file.seek(0)
    head = file.read(6)
    nested = head.startswith((GZIP, EMPTY_ZIP, b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ"))
    if head.startswith(ZIP) and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            nested = not _kind(archive, archive.infolist())
    if nested:
        raise refuse("There is an archive inside the archive. Compress the table itself, once.")
