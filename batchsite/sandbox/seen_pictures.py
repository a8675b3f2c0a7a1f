"""What the simulated model sees of pictures: their form and size, and what they cost (facts 6.4).

The sandbox reads no address. One that is made to be dead (a host below `.invalid`, or a path with `/404`) fails the row
when it runs, as at xAI; any other one is taken for a picture of a megapixel.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

FILE_ID = "file_id"
LARGEST = 20 * 1024 * 1024
_TILE, _TILE_TOKENS, _MOST_TOKENS = 448, 256, 1792
_HEAD = 400_000
"""Characters of a data URL that are looked at for the size of the picture."""
_DATA = re.compile(r"data:([\w/+.-]+);base64,")
_DEAD = re.compile(r"https?://[^/]*\.invalid(?=[:/]|$)|https?://[^/]+/(?:.*/)?404(?=[/.?]|$)")


class Picture(NamedTuple):
    """One picture or document of a request."""

    words: str
    tokens: int
    is_document: bool = False
    """xAI looks through it with a tool of its own."""


def pictures_of(messages: list[dict[str, Any]]) -> list[Picture]:
    return [_seen(address, detail, is_file) for address, detail, is_file in _parts(messages)]


def file_ids(messages: list[dict[str, Any]]) -> list[str]:
    """Returns the ids of uploaded files that the messages name."""
    found = []
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") in ("file", "input_file"):
                nested = part.get("file")
                holder = nested if isinstance(nested, dict) else part
                found += [str(holder[FILE_ID])] if holder.get(FILE_ID) else []
    return found


def dead_picture(messages: list[dict[str, Any]]) -> str | None:
    """Returns the error of the first picture that cannot be had, None if all can."""
    for address, _, is_file in _parts(messages):
        if _DEAD.match(address):
            return f"Failed to download image from {address[:200]}: 404 Not Found"
        if not is_file and (match := _DATA.match(address)):
            try:
                size = len(base64.b64decode(address[match.end() :], validate=True))
            except binascii.Error:
                return "Invalid base64 in image data URL"
            if size > LARGEST:
                return "Image exceeds the maximum size of 20 MiB"
    return None


def _parts(messages: list[dict[str, Any]]) -> Iterator[tuple[str, str, bool]]:
    """Yields (address, detail, whether it is a document) of each part that is no text."""
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if not isinstance(part, dict):
                continue
            inner = part.get("image_url")
            if isinstance(inner, dict):
                yield str(inner.get("url", "")), str(inner.get("detail", "")), False
            elif isinstance(inner, str):
                yield inner, str(part.get("detail", "")), False
            elif part.get("type") in ("file", "input_file"):
                nested = part.get("file")
                holder = nested if isinstance(nested, dict) else part
                names = ("file_data", "url", "file_url", FILE_ID)
                found = [str(holder[name]) for name in names if holder.get(name)]
                yield (found[0] if found else ""), "", True


def _seen(address: str, detail: str, is_file: bool) -> Picture:
    match = _DATA.match(address)
    if is_file:
        size = (len(address) - match.end()) * 3 // 4 if match else 20_000
        return Picture(f"a document of {size} bytes" if match else "a document", size // 20, is_document=True)
    kind, width, height = _size(_beginning(address[match.end() :])) if match else ("", 1024, 1024)
    tiles = -(-width // _TILE) * -(-height // _TILE)
    tokens = _TILE_TOKENS if detail == "low" else min(_MOST_TOKENS, (tiles + 1) * _TILE_TOKENS)
    return Picture(f"a {kind} picture of {width} x {height}" if kind else "a picture from the web", tokens)


def _beginning(text: str) -> bytes:
    try:
        return base64.b64decode(text[: min(_HEAD, len(text) // 4 * 4)])
    except binascii.Error:
        return b""


def _size(data: bytes) -> tuple[str, int, int]:
    """Returns (form, width, height), of a form that is not known a megapixel."""
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        return "PNG", *struct.unpack(">II", data[16:24])
    if data.startswith(b"GIF8") and len(data) >= 10:
        return "GIF", *struct.unpack("<HH", data[6:10])
    place = 2
    while data.startswith(b"\xff\xd8") and place + 9 < len(data):
        mark, length = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])[0]
        if 0xC0 <= mark <= 0xC3:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return "JPEG", width, height
        place += 2 + length
    return "", 1024, 1024
