"""Any UTF as UTF-8, a piece at a time."""

from __future__ import annotations

import codecs

from batchsite.tables.byte_order_marks import mark_of
from batchsite.tables.table_types import ByteStream


def encoding_of(head: bytes) -> str:
    """The UTF that a text is in, by its mark or by the place of its zeros; UTF-8 where nothing tells otherwise."""
    if codec := mark_of(head)[1]:
        return codec
    begin = head[:4]
    if len(begin) == 4 and begin[0] and not begin[1] and begin[2] and not begin[3]:
        return "utf-16-le"
    if len(begin) == 4 and not begin[0] and begin[1] and not begin[2] and begin[3]:
        return "utf-16-be"
    return "utf-8"


def text_of(head: bytes) -> str:
    """Returns the first bytes of a file in some UTF as text, without the byte order mark."""
    return head[len(mark_of(head)[0]) :].decode(encoding_of(head), "replace")


class Recoded:
    """A stream in another UTF, read as UTF-8. Bytes that do not fit stay bytes that do not fit."""

    def __init__(self, stream: ByteStream, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int = -1, /) -> bytes:
        while True:
            piece = self._stream.read(size)
            text = self._decoder.decode(piece, final=not piece)
            if text or not piece:
                # U+FFFD stands for what did not fit; a byte that is no UTF-8 is refused by line further on.
                return text.encode("utf-8", "surrogatepass").replace(b"\xef\xbf\xbd", b"\xff")

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise OSError("One cannot go back in a recoded stream.")

    def tell(self) -> int:
        return self._stream.tell()


def as_utf8(stream: ByteStream) -> ByteStream:
    """The stream, which stands at its first byte, as UTF-8 without a mark."""
    head = stream.read(4)
    encoding = encoding_of(head)
    stream.seek(len(mark_of(head)[0]))
    return stream if encoding.startswith("utf-8") else Recoded(stream, encoding)
