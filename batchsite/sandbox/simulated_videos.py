"""A simulated video: one second in which a square crosses the picture, the same for all but for a number in it."""

from __future__ import annotations

import struct
from pathlib import Path

_FILM = Path(__file__).with_name("tiny.mp4").read_bytes()
"""Recorded with Chromium's MediaRecorder."""


def video(number: int) -> bytes:
    """Returns an MP4. The number stands in a box at its end that players skip."""
    said = f"{number}".encode()
    return _FILM + struct.pack(">I4s", 8 + len(said), b"free") + said
