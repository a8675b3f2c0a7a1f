"""A zip of pictures, documents and texts: a table with a row for each, or the files beside a table. Pure.

Nothing is unpacked to the disk, so no name leads anywhere; a file is read from the archive whenever it is needed,
within the size that the archive states for it. What cannot be used is left out and said.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_types import Answers, Limits, Table, Understood

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
DOCUMENTS = (".pdf",)
TEXTS = (".txt", ".md")
KINDS = dict.fromkeys(PICTURES, "picture") | dict.fromkeys(DOCUMENTS, "document") | dict.fromkeys(TEXTS, "text")
TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".json", ".jsonl", ".ndjson", ".parquet")
COLUMNS = ["file", "kind", "bytes"]
TEXT_COLUMN = "text"
LARGEST = 50_000_000
"""Bytes of one file."""
LONGEST_NAME = 300
MOST_FILES = 50_000
"""Files that an archive may have: whoever reads one of them reads the names of all first."""
EACH = "each file"
"""The answer that makes a row of each file."""
_SHOWN = 5
_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Controls, and marks that would show a name in another order than it has."""


@dataclass(frozen=True)
class Member:
    """A file of an archive, with a name that is safe to show."""

    name: str
    kind: str
    entry: zipfile.ZipInfo

    @property
    def base(self) -> str:
        return PurePosixPath(self.name).name


@dataclass(frozen=True)
class Members:
    """The usable files of an archive in its order, and why others are left out."""

    files: Sequence[Member]
    left_out: Sequence[str]
    """`name: reason` of each."""


def members(entries: Sequence[zipfile.ZipInfo]) -> Members:
    """Returns what of an archive can go along with rows. `entries` are those that a person put there."""
    files: list[Member] = []
    left_out: list[str] = []
    seen: set[str] = set()
    for entry in entries:
        name, kind = shown_name(entry.filename), KINDS.get(PurePosixPath(entry.filename).suffix.lower(), "")
        if not kind:
            if PurePosixPath(entry.filename).suffix.lower() not in TABLES:
                left_out.append(f"{name[:80]}: neither a picture, a PDF nor a text")
            continue
        reason = _reason(entry, name, seen)
        if reason:
            left_out.append(f"{name[:80]}: {reason}")
        else:
            files.append(Member(name, kind, entry))
            seen.add(name)
    return Members(files, left_out)


def _reason(entry: zipfile.ZipInfo, name: str, seen: set[str]) -> str:
    """Returns why a file is left out. Empty if it is not."""
    path = entry.filename.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path) or ".." in path.split("/"):
        return "its name leads out of the archive"
    if len(name) > LONGEST_NAME:
        return "its name is too long"
    if name in seen:
        return "another file has the same name"
    if entry.flag_bits & 1:
        return "it is protected by a password"
    if entry.file_size > LARGEST:
        return f"it has more than {LARGEST // 1_000_000} MB"
    return "" if entry.file_size else "it is empty"


def shown_name(filename: str) -> str:
    """Returns a name in one form, whatever system wrote it, without what cannot be seen."""
    return unicodedata.normalize("NFC", _UNPRINTED.sub("�", filename.replace("\\", "/")))


def read_member(archive: zipfile.ZipFile, member: Member) -> bytes:
    """Returns the content of a file. Raises what reading a damaged one raises; never more than the stated size."""
    with archive.open(member.entry) as packed:
        return packed.read(member.entry.file_size)


def holds_files(found: Members) -> bool:
    """Whether the archive is one of pictures or documents, rather than of tables."""
    return any(member.kind != "text" for member in found.files)


def open_files(archive: zipfile.ZipFile, found: Members, *, answers: Answers, limits: Limits) -> Table:
    """The table with a row for each file. Raises ReadingError."""
    size = sum(member.entry.file_size for member in found.files)
    if size > limits.unpacked:
        message = f"Unpacked the files have more than {limits.unpacked:,} bytes, which is the limit."
        raise refuse(f"{message} Split the archive into smaller ones.")
    refuse_many(found)
    if not found.files:
        raise refuse("The zip archive holds no picture, PDF or text that can be used.")
    return FilesTable(archive, found, answers, limits)


def refuse_many(found: Members) -> None:
    """Raises ReadingError for an archive of so many files that reading one of them would take too long."""
    if len(found.files) > MOST_FILES:
        words = f"The archive has {len(found.files):,} pictures, documents and texts; {MOST_FILES:,} are the limit."
        raise refuse(f"{words} Split it into smaller ones.")


class FilesTable(Table):
    """A row for each file: its name, kind and size, and the text of texts."""

    def __init__(self, archive: zipfile.ZipFile, found: Members, answers: Answers, limits: Limits) -> None:
        self._archive, self._found, self._limits = archive, found, limits
        self.has_texts = any(member.kind == "text" for member in found.files)
        self.columns = [*COLUMNS, *([TEXT_COLUMN] if self.has_texts else [])]
        self.understood = Understood(form="files", header="keys", packed="zip", notes=notes(found))
        self.understood.files, self.understood.file_column = len(found.files), COLUMNS[0]
        self._checks = RowChecks(limits, answers)
        self.left_out = self._checks.bad

    def rows(self) -> Iterator[list[str]]:
        if len(self._found.files) > self._limits.rows:
            raise refuse(f"The archive has more than {self._limits.rows:,} files, which is the limit.")
        for member in self._found.files:
            row = [member.name, member.kind, str(member.entry.file_size)]
            yield [*row, self._text(member)] if self.has_texts else row

    def _text(self, member: Member) -> str:
        if member.kind != "text" or member.entry.file_size > 4 * self._limits.cell:
            return ""
        try:
            text = read_member(self._archive, member).decode("utf-8-sig")
        except (UnicodeDecodeError, *DAMAGED):
            self.understood.notes.append(f"“{member.name[:80]}” could not be read as UTF-8; its text is left empty.")
            return ""
        return text.replace("\0", "�")[: self._limits.cell]


DAMAGED = (zipfile.BadZipFile, EOFError, ValueError, IndexError, NotImplementedError, RuntimeError)


def notes(found: Members) -> list[str]:
    """Returns what a person should know about the files of an archive."""
    if not found.left_out:
        return []
    shown = "; ".join(found.left_out[:_SHOWN])
    more = f"; and {len(found.left_out) - _SHOWN:,} more" if len(found.left_out) > _SHOWN else ""
    count = len(found.left_out)
    return [f"{count:,} file{'s are' if count != 1 else ' is'} left out of the archive: {shown}{more}."]


def column_of_names(columns: Sequence[str], rows: Sequence[Sequence[str]], found: Members) -> str:
    """Returns the column whose cells name the files of an archive most often. Empty if none does."""
    names = {member.name for member in found.files} | {member.base for member in found.files}
    hits: Counter[str] = Counter()
    for row in rows:
        for column, cell in zip(columns, row, strict=False):
            hits[column] += unicodedata.normalize("NFC", cell.strip()) in names
    best = max(columns, key=lambda column: hits[column], default="")
    return best if hits[best] else ""


def open_archive(stream: IO[bytes]) -> tuple[zipfile.ZipFile, Members]:
    """Returns an archive that was taken before, and its files."""
    archive = zipfile.ZipFile(stream)
    return archive, members([entry for entry in archive.infolist() if counts(entry)])


def counts(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file that a person put there."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    hidden = path.name.startswith(".") or path.name.lower() in {"thumbs.db", "desktop.ini"}
    return bool(entry.filename) and not (entry.is_dir() or path.parts[:1] == ("__MACOSX",) or hidden)
