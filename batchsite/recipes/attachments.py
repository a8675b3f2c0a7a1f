"""What goes along with the prompt of a row: pictures and documents that a column names. Pure.

A cell holds web addresses, or names of files that came with the table; several are separated by line breaks. A file of
ours travels inside the request as a data URL; an address is read by xAI (facts 6.4).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal, Protocol
from urllib.parse import urlsplit

from batchsite.xai.bodies import Attachment

DETAILS = (("", "Model default"), ("low", "Low: fewer tokens"), ("high", "High"))
MOST = 20
"""Pictures of a row."""
LARGEST_PICTURE = 20 * 1024 * 1024
"""Bytes that xAI takes for a picture (facts 6.4)."""
LEAST_TOKENS, TILE_TOKENS, MOST_TOKENS, TILE = 256, 256, 1792, 448
"""A picture is billed as 256 to 1,792 prompt tokens by its size (facts 6.4)."""
USUAL_TOKENS = 1792
"""Of a picture whose size is not known: about a megapixel."""
_DATA_URL_HEAD = 40


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


class Shelf(Protocol):
    """The files of a dataset."""

    def find(self, name: str) -> HeldFile | None: ...

    def read(self, name: str) -> bytes: ...

    @property
    def largest(self) -> int:
        """Bytes of the largest file."""
        ...


@dataclass(frozen=True)
class Pictures:
    """The column whose cells name what goes along, and how closely the model looks at it."""

    column: int
    detail: str = ""
    shelf: Shelf | None = None

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
        return sum(_DATA_URL_HEAD + 4 * math.ceil(held.size / 3) for held in self.held(cells))

    def tokens_of(self, cells: Sequence[str]) -> int:
        """Returns about how many prompt tokens the pictures of a row are."""
        names = self.names(cells)
        held = {one.name: one for one in self.held(cells)}
        return sum(_tokens(held.get(name), self.detail) for name in names)

    def fault(self, cells: Sequence[str]) -> str:
        """Returns what is wrong with what a row names. Empty if nothing is."""
        names = self.names(cells)
        if len(names) > MOST:
            return f"The row names more than {MOST} pictures; {MOST} at most, please."
        return next((words for name in names if (words := self._fault_of(name))), "")

    def _fault_of(self, name: str) -> str:
        held = self.shelf.find(name) if self.shelf else None
        if held:
            too_big = held.kind == "image" and held.size > LARGEST_PICTURE
            return held.problem or (
                f"“{name[:80]}” has {held.size / 1e6:,.1f} MB; xAI takes pictures of up to 20 MiB." if too_big else ""
            )
        if is_address(name):
            return ""
        if self.shelf:
            return f"“{name[:80]}” is neither a file of this dataset nor a web address."
        return f"“{name[:80]}” is not the web address of a picture: it must begin with https:// or http://."

    def attachments(self, cells: Sequence[str]) -> tuple[Attachment, ...]:
        """Returns what goes along with a row; files of ours are read when they are written into the request."""
        return tuple(self._attachment(name) for name in self.names(cells))

    def _attachment(self, name: str) -> Attachment:
        held = self.shelf.find(name) if self.shelf else None
        if held is None or self.shelf is None:
            return Attachment(_kind_at(name), name, partial(str, name), self.detail)
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


def _kind_at(address: str) -> Literal["image", "file"]:
    """Returns what an address is taken for: a document where its path says so, else a picture."""
    is_document = not address.startswith("data:") and urlsplit(address).path.lower().endswith(".pdf")
    return "file" if is_document else "image"


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
