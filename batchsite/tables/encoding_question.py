"""The question which encoding a file has: the characters that differ, in every encoding that is possible. Pure."""

from __future__ import annotations

import csv
import re

from batchsite.tables.excerpts import excerpt
from batchsite.tables.language_evidence import LABELS, guess, likeness
from batchsite.tables.table_types import Choice, Question
from batchsite.tables.text_source import MARKED

_MOST_BYTES = 262_144
_MOST_LINES = 200
_SHOWN_LINES, _SHOWN_CELLS = 3, 6
_LIKELY, _MOST_LIKELY = 0.3, 5
"""From which likeness on an encoding is shown at once, and how many at most."""
_SURE = ((6, 0.4), (3, 0.7))
"""On so many different bytes an encoding must read so much better than the guess to take its place."""
_ESCAPE = b"\x1b"
"""Switches between alphabets where all bytes are ASCII (ISO 2022)."""
_HIGH = re.compile(r"[^\x00-\x7f]")


def encoding_question(data: bytes, delimiter: str, codec: str = "") -> Question:
    """Which encoding the bytes are in. `codec` is the guess; without it, the bytes tell."""
    codec = codec or guess(data)
    lines = [line for line in re.split(rb"[\r\n]+", data[:_MOST_BYTES]) if not line.isascii() or _ESCAPE in line]
    lines = lines[:_MOST_LINES] or [data[:_MOST_LINES]]
    shown = _telling(lines)
    readings = _readings(b"\n".join(lines), codec)
    best = max(readings, key=lambda name: readings[name])
    different = len(set(_HIGH.findall(data[:_MOST_BYTES].decode("latin-1"))))
    if any(different >= many and readings[best] > readings[codec] + more for many, more in _SURE):
        codec = best
    order = sorted(readings, key=lambda name: (name != codec, -readings[name]))
    choices = [
        Choice(
            name,
            LABELS.get(name, name),
            tuple(_cells(line, name, delimiter) for line in shown),
            more=place >= _MOST_LIKELY or (readings[name] < _LIKELY and name != codec),
        )
        for place, name in enumerate(order)
    ]
    evidence = tuple(excerpt(line.decode("ascii", MARKED)) for line in shown)
    return Question("encoding", "This file is not UTF-8. Which of these looks right?", tuple(choices), codec, evidence)


def _readings(data: bytes, codec: str) -> dict[str, float]:
    """Encoding -> how much the text reads like a language; of those that give the same text, the first."""
    readings: dict[str, float] = {}
    texts: set[str] = set()
    names = [name for name in LABELS if name not in {codec, "utf-8"}]
    for name in [codec, *sorted(names, key=lambda name: -likeness(data, name))]:
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, ValueError):
            if name != codec:
                continue
            text = data.decode(name, "replace")
        if text not in texts:
            texts.add(text)
            readings[name] = likeness(data, name)
    return readings


def _telling(lines: list[bytes]) -> list[bytes]:
    """A few lines with as many different bytes beyond ASCII as can be."""
    left = {line: {byte for byte in line if byte > 127 or byte == _ESCAPE[0]} for line in lines}
    shown: list[bytes] = []
    seen: set[int] = set()
    while left and len(shown) < _SHOWN_LINES:
        line = max(left, key=lambda line: len(left[line] - seen))
        if shown and not left[line] - seen:
            break
        seen |= left.pop(line)
        shown.append(line)
    return shown


def _cells(line: bytes, codec: str, delimiter: str) -> tuple[str, ...]:
    """The cells of a line that have characters beyond ASCII, cut to where these stand."""
    text = line.decode(codec, "replace").replace("\0", "�").replace("\n", " ").replace("\r", " ")
    cells = next(csv.reader([text], delimiter=delimiter), [])
    places = ((cell, _HIGH.search(cell)) for cell in cells)
    return tuple([excerpt(cell, match.start()) for cell, match in places if match][:_SHOWN_CELLS])
