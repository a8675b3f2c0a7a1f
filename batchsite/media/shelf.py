"""The files of a dataset, found by the names that its cells have for them, and read from the upload."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Callable
from typing import Literal, TypeVar

from django.db.models import Max

from batchsite.datasets.models import Dataset
from batchsite.media.file_reader import FileReader
from batchsite.media.models import FileIndex, HeldFile
from batchsite.media.pdf_pages import NoPages
from batchsite.recipes import attachments
from batchsite.tables.formats.file_archive import DAMAGED, Member, open_archive, read_member

T = TypeVar("T")
FEW = 100
"""Names that are looked for one by one; then all files are loaded."""
_KINDS: dict[str, Literal["image", "file", "text"]] = {"picture": "image", "document": "file", "text": "text"}


class FileGone(RuntimeError):
    """The upload is gone from the disk, or cannot be read any more."""


class DatasetShelf:
    """The files of one dataset. Made for one piece of work, as it caches what it found and keeps its archive open."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._known: dict[str, attachments.HeldFile | None] = {}
        self._is_whole = False
        self._archive: zipfile.ZipFile | None = None
        self._members: dict[str, Member] = {}
        self._largest: int | None = None
        self._document = ("", b"")
        """The document whose pages were read last: (name, content)."""
        self._reader = FileReader()

    @property
    def largest(self) -> int:
        if self._largest is None:
            found = HeldFile.objects.filter(dataset=self._dataset, kind="picture").aggregate(most=Max("size"))["most"]
            self._largest = int(found or 0)
        return self._largest

    def find(self, name: str) -> attachments.HeldFile | None:
        """Returns the file of that name, with its folders or, if only one has it, without. None if there is none."""
        name = unicodedata.normalize("NFC", name.replace("\\", "/"))
        if name in self._known or self._is_whole:
            return self._known.get(name)
        if len(self._known) >= FEW:
            self._load_all()
            return self._known.get(name)
        files = HeldFile.objects.filter(dataset=self._dataset).defer("thumb")
        exact = files.filter(name=name).first()
        same_base = [] if exact else list(files.filter(base=name)[:2])
        found = exact or (same_base[0] if len(same_base) == 1 else None)
        self._known[name] = _held(found) if found else None
        return self._known[name]

    def _load_all(self) -> None:
        by_base: dict[str, attachments.HeldFile | None] = {}
        by_name: dict[str, attachments.HeldFile | None] = {}
        for file in HeldFile.objects.filter(dataset=self._dataset).defer("thumb").iterator(2_000):
            held = _held(file)
            by_base[file.base] = None if file.base in by_base else held
            by_name[file.name] = held
        self._known, self._is_whole = by_base | by_name, True

    def read(self, name: str) -> bytes:
        """Returns the content of a file. Raises FileGone."""
        try:
            if self._archive is None:
                self._archive, found = open_archive(self._dataset.file.storage.open(self._dataset.file.name or ""))
                self._members = {member.name: member for member in found.files}
            return read_member(self._archive, self._members[name])
        except (OSError, KeyError, *DAMAGED) as error:
            raise FileGone(f"“{name[:80]}” cannot be read from the uploaded archive any more.") from error

    def page_text(self, name: str, page: int) -> str:
        """Returns the text of a page of a document, counted from 0. Raises FileGone."""
        return self._of_page(name, page, self._reader.page_text)

    def page_jpeg(self, name: str, page: int) -> bytes:
        """Returns a picture of a page of a document, counted from 0. Raises FileGone."""
        return self._of_page(name, page, self._reader.page_jpeg)

    def _of_page(self, name: str, page: int, read: Callable[[bytes, int], T]) -> T:
        if self._document[0] != name:
            self._document = (name, self.read(name))
        try:
            return read(self._document[1], page)
        except NoPages as error:
            raise FileGone(f"Page {page + 1} of “{name[:80]}” cannot be read any more. {error}") from error


def _held(file: HeldFile) -> attachments.HeldFile:
    values = (file.name, _KINDS[file.kind], file.mime, file.size, file.width, file.height, file.problem)
    return attachments.HeldFile(*values, pages=file.pages, characters=file.characters, pages_problem=file.pages_problem)


def shelf_of(dataset: Dataset) -> DatasetShelf | None:
    """Returns the files that came with a dataset. None if none did."""
    return DatasetShelf(dataset) if dataset.file_count else None


def why_not_yet(dataset: Dataset) -> str:
    """Returns why the files of a dataset cannot be sent yet. Empty if they can, or there are none."""
    if not dataset.file_count:
        return ""
    index = FileIndex.objects.filter(dataset=dataset).first()
    if index is None or not index.ended_at:
        done = index.done if index else 0
        return f"The files are still being checked: {done:,} of {dataset.file_count:,} so far."
    return f"Some files could not be checked: {index.problem}. Upload the archive again." if index.problem else ""
