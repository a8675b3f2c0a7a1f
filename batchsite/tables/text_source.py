"""Bytes to text, in pieces of whole lines and within flat memory. Pure."""

from __future__ import annotations

import codecs
import re
from typing import Protocol

PIECE = 65_536
FOREIGN = re.compile("[\udc00-\udcff]")
_LONE_CR = re.compile(rb"\r(?!\n)")
MARKED = "batchsite.marked"


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Each byte that cannot be decoded becomes a lone surrogate that remembers it: U+DC00 and its value."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(MARKED, _mark)


def marked_bytes(text: str, encoding: str) -> bytes:
    """The bytes that `text` was made of, those that could not be decoded included."""
    parts = re.split("([\udc00-\udcff]+)", text)
    return b"".join(
        bytes(ord(sign) - 0xDC00 for sign in part) if index % 2 else part.encode(encoding, "replace")
        for index, part in enumerate(parts)
    )


class Bytes(Protocol):
    """Anything that bytes can be read from: a file, an upload, a socket."""

    def read(self, size: int = -1, /) -> bytes: ...


class TextSource:
    """The text of `head` and the rest of `stream`, in pieces of whole lines, their ends as they are.

    Bytes that cannot be decoded come through as lone surrogates. `dirty` is set before the first piece with such a
    byte, or with a NUL, is given out: only from there on need cells be looked at one by one. `lone_cr` is set
    likewise before the first CR that is not half of a CRLF.
    """

    def __init__(self, head: bytes, stream: Bytes, *, longest: int, encoding: str = "utf-8") -> None:
        self.dirty = self.lone_cr = False
        self.longest = longest
        """Characters; a longer line comes in parts."""
        self.foreign = self.spread = 0
        """Bytes that could not be decoded, and bytes beyond the first of a character (UTF-8 alone)."""
        self._head, self._stream = head, stream
        self._make = codecs.getincrementaldecoder(encoding)
        # Looking for marks takes longer than decoding: strict until the first error, where that is safe.
        self._strict = encoding == "utf-8"
        self._bytes = b""
        """What is left of a piece behind its last line, as long as all is strict; afterwards `_rest` is."""
        self._decoder = self._make(MARKED)
        self._rest, self._cr = "", ""

    def take(self) -> str:
        """The next piece; nothing at the end."""
        while True:
            # Twice as much while a line does not end: looking for its end takes time in proportion to its length.
            size = max(PIECE, len(self._bytes) + len(self._rest))
            piece, self._head = self._head[:size], self._head[size:]
            piece = piece or self._stream.read(size)
            data, self._bytes = self._bytes + piece, b""
            text = self._strict_lines(data, last=not piece) if self._strict else None
            if text is None:
                text = self._marked_lines(data, last=not piece)
            if text or not piece:
                return text

    def _strict_lines(self, data: bytes, *, last: bool) -> str | None:
        """Lines of UTF-8, cut and looked at as bytes, which is faster than as text; None where that cannot go on."""
        # A lone CR at the very end may be half of a CRLF.
        end = len(data) if last else data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1
        if not end and len(data) >= self.longest:
            self._strict = False
            return None
        try:
            text = data[:end].decode()
        except UnicodeDecodeError:
            self._strict = False
            return None
        self._bytes = data[end:]
        self.spread += end - len(text)
        self.dirty = self.dirty or b"\0" in data
        self.lone_cr = self.lone_cr or _LONE_CR.search(data, 0, end) is not None
        return text

    def _marked_lines(self, data: bytes, *, last: bool) -> str:
        text = self._rest + self._decode(data, last=last)
        end = len(text) if last else text.rfind("\n") + 1 or text.rfind("\r", 0, -1) + 1
        if not end and len(text) >= self.longest:
            end = len(text)
        self._rest = text[end:]
        return text[:end]

    def _decode(self, data: bytes, *, last: bool) -> str:
        text = self._decoder.decode(data, final=last)
        self.spread += len(data) - len(text)
        if not text.isascii() and (found := len(FOREIGN.findall(text))):
            self.foreign += found
            self.dirty = True
        self.dirty = self.dirty or "\0" in text
        if not self.lone_cr and ("\r" in text or self._cr):
            together, self._cr = self._cr + text, "\r" if text.endswith("\r") else ""
            self.lone_cr = together.removesuffix(self._cr).count("\r") != together.count("\r\n")
        return text
