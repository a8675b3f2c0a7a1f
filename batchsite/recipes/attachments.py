"""What is attached to the prompt of a row: pictures and documents that a column names. Pure.

A cell holds web addresses, or names of files that came with the table; several are separated by line breaks. A file of
ours travels inside the request as a data URL; an address is read by xAI (facts 6.4).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Literal, Protocol
from urllib.parse import urlsplit

from batchsite.xai.bodies import Attachment

DETAILS = (("", "Model default"), ("low", "Low: fewer tokens"), ("high", "High"))
FILES, TEXTS, PAGES = "", "text", "pages"
DOCUMENTS = (
    (FILES, "As they are: xAI searches them, for about $0.01 a search"),
    (TEXTS, "Page by page, as text"),
    (PAGES, "Page by page, as text and as a picture of the page"),
)
MOST_PAGES, MOST_PAGE_BYTES = 20, 400_000
"""Pages of a document that are sent one by one, and bytes of a picture of one: see media.pdf_pages."""
MOST = 20
"""Pictures of a row."""
LARGEST_PICTURE = 20 * 1024 * 1024
"""Bytes that xAI takes for a picture (facts 6.4)."""
LARGEST_FILE = 50_000_000
"""Bytes that xAI takes for an uploaded file; its own pages disagree, and this is the least of them (facts 3)."""
UPLOADED_LATER = "(its id, once it is uploaded)"
LEAST_TOKENS, TILE_TOKENS, MOST_TOKENS, TILE = 256, 256, 1792, 448
"""A picture is billed as 256 to 1,792 prompt tokens by its size (facts 6.4)."""
USUAL_TOKENS = 1792
"""Of a picture whose size is not known: about a megapixel."""
_DATA_URL_HEAD, _ID_BYTES = 40, 100


@dataclass(frozen=True)
class HeldFile:
    """A file that came with the table."""

    name: str
    kind: Literal["image", "file", "text"]
    mime: str
    size: int
    width: int = 0
    height: int = 0
    problem: str = ""
    """Why it cannot be sent, as a sentence."""
    pages: int = 0
    """Of a document; 0 if they cannot be read."""
    characters: int = 0
    """Of the texts of its first pages."""
    pages_problem: str = ""
    """Why its pages cannot be read, as a sentence."""


class Shelf(Protocol):
    """The files of a dataset."""

    def find(self, name: str) -> HeldFile | None: ...

    def read(self, name: str) -> bytes: ...

    def page_text(self, name: str, page: int) -> str: ...

    def page_jpeg(self, name: str, page: int) -> bytes: ...

    @property
    def largest(self) -> int:
        """Bytes of the largest picture."""
        ...


@dataclass(frozen=True)
class Pictures:
    """The column whose cells name the attachments, and how closely the model looks at them."""

    column: int
    detail: str = ""
    shelf: Shelf | None = None
    documents: str = ""
    """How PDFs of ours are sent: one of DOCUMENTS."""
    file_ids: Mapping[str, str] | None = field(default_factory=dict)
    """{name: xAI's id} of documents of ours that are there. None where their bytes go into the request instead."""

    @property
    def largest(self) -> int:
        """The most bytes that one file of ours may add."""
        pages = MOST_PAGES * MOST_PAGE_BYTES if self.documents == PAGES else 0
        return max(self.shelf.largest, pages) if self.shelf else 0

    def names(self, cells: Sequence[str]) -> list[str]:
        """Returns what the cell names, in its order."""
        cell = cells[self.column].strip()
        if self.shelf and cell and self.shelf.find(cell):
            return [cell]
        lines = (line.strip() for line in cell.splitlines())
        return list(islice(filter(None, lines), MOST + 1))

    def held(self, cells: Sequence[str]) -> Iterator[HeldFile]:
        for name in self.names(cells) if self.shelf else ():
            if found := self.shelf.find(name):  # type: ignore[union-attr]  # looked at in the line above
                yield found

    def bytes_of(self, cells: Sequence[str]) -> int:
        """Returns the bytes that the files of a row add to its request."""
        return sum(self._bytes_of(held) for held in self.held(cells))

    def uploads(self, cells: Sequence[str]) -> list[HeldFile]:
        """Returns the row's files that are uploaded to xAI beforehand, once for all rows."""
        return [] if self.file_ids is None else [held for held in self.held(cells) if self._is_sent_whole(held)]

    def documents_of(self, cells: Sequence[str]) -> int:
        """Returns how many documents a row has that xAI looks through."""
        held = {one.name: one for one in self.held(cells)}
        return sum(
            self._is_sent_whole(held[name]) if name in held else _kind_at(name) == "file" for name in self.names(cells)
        )

    def _is_sent_whole(self, held: HeldFile) -> bool:
        return held.kind != "image" and not self.is_paged(held)

    def _bytes_of(self, held: HeldFile) -> int:
        if self.file_ids is not None and self._is_sent_whole(held):
            return _ID_BYTES
        if not self.is_paged(held):
            return _DATA_URL_HEAD + 4 * math.ceil(held.size / 3)
        pictures = held.pages * (_DATA_URL_HEAD + 4 * math.ceil(MOST_PAGE_BYTES / 3)) if self.documents == PAGES else 0
        return 6 * held.characters + 100 * held.pages + pictures

    def is_paged(self, held: HeldFile) -> bool:
        """Whether a file is sent page by page."""
        return bool(self.documents) and held.kind == "file"

    def tokens_of(self, cells: Sequence[str]) -> int:
        """Returns about how many prompt tokens the pictures of a row are."""
        names = self.names(cells)
        held = {one.name: one for one in self.held(cells)}
        return sum(self._tokens_of(held.get(name)) for name in names)

    def _tokens_of(self, held: HeldFile | None) -> int:
        if held is None or not self.is_paged(held):
            return _tokens(held, self.detail)
        each = LEAST_TOKENS if self.detail == "low" else MOST_TOKENS
        return held.characters // 4 + 10 * held.pages + (each * held.pages if self.documents == PAGES else 0)

    def fault(self, cells: Sequence[str]) -> str:
        """Returns what is wrong with what a row names. Empty if nothing is."""
        names = self.names(cells)
        if len(names) > MOST:
            return f"The row names more than {MOST} pictures; {MOST} at most."
        return next((words for name in names if (words := self._fault_of(name))), "")

    def _fault_of(self, name: str) -> str:
        held = self.shelf.find(name) if self.shelf else None
        if held:
            if self.is_paged(held) and not held.problem and (words := _fault_of_pages(held, self.documents)):
                return words
            return held.problem or self._too_big(held)
        if is_address(name):
            return ""
        if self.shelf:
            return f"“{name[:80]}” is neither a file of this dataset nor a web address."
        return f"“{name[:80]}” is not the web address of a picture: it must begin with https:// or http://."

    def _too_big(self, held: HeldFile) -> str:
        words = f"“{held.name[:80]}” has {held.size / 1e6:,.1f} MB; xAI takes"
        if held.kind == "image":
            return f"{words} pictures of up to 20 MiB." if held.size > LARGEST_PICTURE else ""
        return f"{words} files of up to 50 MB." if held.size > LARGEST_FILE and self._is_sent_whole(held) else ""

    def attachments(self, cells: Sequence[str]) -> tuple[Attachment, ...]:
        """Returns the attachments of a row; files of ours are read when they are written into the request."""
        return tuple(one for name in self.names(cells) for one in self._attachments(name))

    def _attachments(self, name: str) -> Iterator[Attachment]:
        held = self.shelf.find(name) if self.shelf else None
        if held is None or self.shelf is None or not self.is_paged(held):
            yield self._attachment(name)
            return
        for page in range(held.pages):
            part = f"page {page + 1} of {held.pages}"
            text = partial(_page_text, self.shelf, held.name, page, f"{name}, {part}")
            yield Attachment("text", name, text, part=f"{part}, as text", is_held=True)
            if self.documents == PAGES:
                picture = partial(_page_picture, self.shelf, held.name, page)
                yield Attachment("image", name, picture, self.detail, part=f"{part}, as a picture", is_held=True)

    def _attachment(self, name: str) -> Attachment:
        held = self.shelf.find(name) if self.shelf else None
        if held is None or self.shelf is None:
            return Attachment(_kind_at(name), name, partial(str, name), self.detail)
        if self.file_ids is not None and self._is_sent_whole(held):
            return Attachment("file", name, partial(_id_of, self.file_ids, held.name), is_held=True, is_id=True)
        kind: Literal["image", "file"] = "image" if held.kind == "image" else "file"
        return Attachment(kind, name, partial(_data_url, held, self.shelf.read), self.detail, is_held=True)


def _tokens(held: HeldFile | None, detail: str) -> int:
    if detail == "low" and (held is None or held.kind == "image"):
        return LEAST_TOKENS
    if held is None:
        return USUAL_TOKENS
    if held.kind != "image":
        return held.size // 20  # a guess: what a document comes to depends on its pages
    tiles = math.ceil(max(1, held.width) / TILE) * math.ceil(max(1, held.height) / TILE)
    return min(MOST_TOKENS, (tiles + 1) * TILE_TOKENS)


def _fault_of_pages(held: HeldFile, documents: str) -> str:
    if not held.pages:
        why = held.pages_problem or "They were not looked at."
        return (
            f"The pages of “{held.name[:80]}” cannot be read. {why} Send documents as they are, or leave the row out."
        )
    if held.pages > MOST_PAGES:
        return f"“{held.name[:80]}” has {held.pages:,} pages; {MOST_PAGES} at most are sent page by page."
    if documents == TEXTS and not held.characters:
        return f"“{held.name[:80]}” holds no text, perhaps because it was scanned: send its pages as pictures, too."
    return ""


def _page_text(shelf: Shelf, name: str, page: int, words: str) -> str:
    return f"[{words}]\n{shelf.page_text(name, page)}"


def _page_picture(shelf: Shelf, name: str, page: int) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(shelf.page_jpeg(name, page)).decode()}"


def _kind_at(address: str) -> Literal["image", "file"]:
    """Returns what an address is taken for: a document where its path says so, else a picture."""
    is_document = not address.startswith("data:") and urlsplit(address).path.lower().endswith(".pdf")
    return "file" if is_document else "image"


def _id_of(file_ids: Mapping[str, str], name: str) -> str:
    return file_ids.get(name, UPLOADED_LATER)


def _data_url(held: HeldFile, read: Callable[[str], bytes]) -> str:
    return f"data:{held.mime};base64,{base64.b64encode(read(held.name)).decode()}"


def is_address(name: str) -> bool:
    """Whether it is an address on the web, or a picture as a data URL."""
    if name.startswith("data:image/"):
        return True
    try:
        parts = urlsplit(name)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, name))
