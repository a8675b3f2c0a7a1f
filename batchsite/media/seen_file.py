"""What a file is, by its bytes, and a small copy of a picture. The bytes are hostile: few decoders, within limits."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from batchsite.media.pdf_pages import NoPages, see_pages

MOST_PIXELS = 50_000_000
"""Pixels of a picture that is decoded; a larger one is not, however small its file."""
THUMB = (320, 320)
_DECODERS = ("PNG", "JPEG", "WEBP", "GIF")
_SENDABLE = {"PNG": "image/png", "JPEG": "image/jpeg"}
"""What xAI takes (facts 6.4)."""


@dataclass(frozen=True)
class Seen:
    """What was seen of a file."""

    mime: str = ""
    width: int = 0
    height: int = 0
    thumb: bytes | None = None
    problem: str = ""
    """Why it cannot be sent, as a sentence that begins with “It”. Empty if it can."""
    pages: int = 0
    """Of a document; 0 if they cannot be read."""
    characters: int = 0
    """Of the texts of its first pages."""
    pages_problem: str = ""
    """Why its pages cannot be read, as a sentence."""
    gave_up: bool = False
    """Whether looking at it took too much."""


def see(kind: str, data: bytes) -> Seen:
    """Looks at a file that its name calls a picture, document or text."""
    if kind == "document":
        return see_document(data)
    if kind == "text":
        return Seen("text/plain")
    if kind == "video":
        return see_video(data)
    return see_picture(data)


def see_video(data: bytes) -> Seen:
    """Looks at the first bytes alone: nothing of a video is decoded here."""
    if data[4:8] == b"ftyp":
        return Seen("video/mp4")
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return Seen("video/webm")
    return Seen(problem="It is neither an MP4 nor a WebM video.")


def see_document(data: bytes) -> Seen:
    """Looks at a PDF. One whose pages cannot be read is still sent as a file: xAI may know better."""
    if data[:1024].find(b"%PDF-") < 0:
        return Seen("application/pdf", problem="It isn’t a PDF, whatever its name says.")
    try:
        found = see_pages(data)
    except NoPages as error:
        return Seen("application/pdf", pages_problem=str(error))
    return Seen("application/pdf", thumb=_thumb(found.first), pages=found.count, characters=found.characters)


def see_picture(data: bytes) -> Seen:
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=_DECODERS) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            form, (width, height) = picture.format or "", picture.size
            if width * height > MOST_PIXELS:
                words = f"It has {width * height / 1e6:,.0f} megapixels; {MOST_PIXELS // 1_000_000} are the limit."
                return Seen(width=width, height=height, problem=words)
            thumb = _thumb(picture)
    except MemoryError:
        raise
    except Image.DecompressionBombError:
        return Seen(problem=f"It has more than {MOST_PIXELS // 1_000_000} megapixels, which is the limit.")
    except Exception:  # noqa: BLE001  decoders raise of everything on bytes that are made to
        return Seen(problem="It cannot be read as a picture: it is damaged, or neither JPEG nor PNG.")
    mime = _SENDABLE.get(form, "")
    problem = "" if mime else f"It is {form}; xAI takes JPEG and PNG. Save it as one of these."
    return Seen(mime, width, height, thumb, problem)


def _thumb(picture: Image.Image) -> bytes:
    """Returns a small copy of the pixels, without anything else that the file holds."""
    picture.draft(
        "RGB", (THUMB[0] * 2, THUMB[1] * 2)
    )  # a JPEG is decoded at an eighth of its size where that is enough
    picture.thumbnail(THUMB)  # before anything else, which would copy all pixels
    small = ImageOps.exif_transpose(picture)
    target = io.BytesIO()
    plain = small.convert("RGBA" if "A" in small.getbands() or "transparency" in small.info else "RGB")
    plain.save(target, "WEBP", quality=70, method=2)
    return target.getvalue()
