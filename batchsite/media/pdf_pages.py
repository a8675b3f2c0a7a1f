"""The pages of a PDF: how many there are, their texts, and pictures of them. The bytes are hostile.

PDFium is not thread-safe, and its work is unbounded: only `file_child` calls this. The same bytes give the same text
and picture as long as the version of the library does not change.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pypdfium2
from PIL import Image

MOST_PAGES = 20
"""Pages of a document that are sent one by one."""
LONGEST_SIDE = 1_344
"""Pixels of a picture of a page: three tiles of 448 (facts 6.4)."""
MOST_BYTES = 400_000
"""Of a picture of a page."""
LONGEST_TEXT = 50_000
"""Characters of a page."""
_QUALITIES = (80, 60, 40, 20)


class NoPages(ValueError):
    """The document has no pages that can be read; the text says why, as a sentence that begins with “It”."""


@dataclass(frozen=True)
class SeenPages:
    """What was seen of a document; of one with more than MOST_PAGES, the texts of the first, which can be drawn."""

    count: int
    characters: int
    first: Image.Image


def see_pages(data: bytes) -> SeenPages:
    """Raises NoPages."""
    with _opened(data) as document:
        count = len(document)
        if not count:
            raise NoPages("It has no pages.")
        first, characters = _picture(document, 0), 0
        for page in range(min(count, MOST_PAGES)):
            characters += len(_text(document, page))
            if page:
                _picture(document, page)  # so that pages that cannot be drawn are known before anything is sent
        return SeenPages(count, characters, first)


def page_text(data: bytes, page: int) -> str:
    """Returns the text of a page, counted from 0. Raises NoPages."""
    with _opened(data) as document:
        return _text(document, page)


def page_jpeg(data: bytes, page: int) -> bytes:
    """Returns a picture of a page, counted from 0, of MOST_BYTES at most. Raises NoPages."""
    with _opened(data) as document:
        picture = _picture(document, page)
    while True:
        for quality in _QUALITIES:
            target = io.BytesIO()
            picture.save(target, "JPEG", quality=quality)
            if target.tell() <= MOST_BYTES:
                return target.getvalue()
        picture = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)))


@contextmanager
def _opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        words = "It is locked with a password." if locked else "It cannot be read as a PDF: it is damaged."
        raise NoPages(words) from None
    try:
        yield document
    except (pypdfium2.PdfiumError, IndexError, ValueError, SystemError, TypeError):  # what it raises of odd pages
        raise NoPages("It has a page that cannot be read.") from None
    finally:
        document.close()


def _text(document: pypdfium2.PdfDocument, page: int) -> str:
    text: str = document[page].get_textpage().get_text_bounded()
    return text.replace("\r\n", "\n").replace("\0", "")[:LONGEST_TEXT].strip()


def _picture(document: pypdfium2.PdfDocument, page: int) -> Image.Image:
    width, height = document[page].get_size()
    scale = LONGEST_SIDE / max(width, height, 1.0)
    picture: Image.Image = document[page].render(scale=min(scale, 3.0)).to_pil()
    return picture.convert("RGB")
