"""The bytes of a request while it arrives: is it complete, and does a thread have to read the rest?"""

from __future__ import annotations

import re
from enum import Enum

MOST_HEADER = 65_536
SMALL_BODY = 65_536
"""Bytes. A body up to this size is collected by the event loop; a larger one is an upload, read by a thread."""
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)")


class Arrival(Enum):
    PARTIAL = "partial"
    COMPLETE = "complete"
    UPLOAD = "upload"
    REFUSED = "refused"


class RequestBuffer:
    """Collects the bytes of one request. What the header means is decided by gunicorn's parser; this only schedules."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self._searched = 0
        self._size: int | None = None
        """Bytes of header and body together, once the header is complete."""
        self._is_upload = False

    def add(self, data: bytes) -> Arrival:
        """Takes the next bytes. Linear in all of them together."""
        self.data += data
        return self.arrival()

    def arrival(self) -> Arrival:
        if self._size is None:
            self._read_header()
        if self._is_upload:
            return Arrival.UPLOAD
        if self._size is not None:
            return Arrival.COMPLETE if len(self.data) >= self._size else Arrival.PARTIAL
        # A parser skips empty lines in front, and would then wait for the rest in a thread.
        is_odd = self.data.startswith((b"\r", b"\n")) or len(self.data) > MOST_HEADER
        return Arrival.REFUSED if is_odd else Arrival.PARTIAL

    def _read_header(self) -> None:
        end = self.data.find(_END, max(0, self._searched - len(_END)))
        self._searched = len(self.data)
        if end <= 0:
            return
        header = bytes(self.data[: end + 2]).lower()
        lengths = _LENGTH.findall(header)
        length = int(lengths[0]) if lengths else 0
        is_plain = header.count(b"content-length") == len(lengths) <= 1
        waits = b"\r\ntransfer-encoding" in header or b"\r\nexpect" in header
        self._is_upload = not is_plain or waits or length > SMALL_BODY
        self._size = end + len(_END) + length
