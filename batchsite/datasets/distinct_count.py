"""How many different values a column has, in bounded memory. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable
from itertools import compress

_FIRST_LOOK, _SAMPLE, _PART = 65_536, 16_384, 200_000
_PART_BYTE = 3
"""The byte of a hash that says which part it belongs to, so that no set holds all of them. Not one that thins out."""


class DistinctCount:
    """Counts different values: keeps a hash of each, in the order of the rows, as long as there is room.

    After that, their low bits thin them out: about 2^-k of all hashes end in k zero bits, so what is left is a fair
    sample of the *distinct* values.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._hashes: array[int] = array("q")
        self._mask, self._look = 0, min(_FIRST_LOOK, most)
        self._begin: array[int] | None = None
        """The hashes up to where a repeat was noticed, in the order of the rows."""

    def add(self, values: Iterable[Hashable]) -> None:
        hashes = list(map(hash, values))
        if self._mask:
            mask = self._mask
            hashes = [one for one in hashes if not one & mask]
        self._hashes.fromlist(hashes)
        if len(self._hashes) >= self._look:
            self._make_room()

    def count(self) -> tuple[int, bool]:
        """Returns (distinct values, whether that is exact). To be called once, at the end: it frees the hashes."""
        hashes, self._hashes = self._hashes, array("q")
        distinct = sum(map(len, _parted(hashes)))
        if distinct < len(hashes):
            self._notice(hashes)
        return distinct * (self._mask + 1), self._mask == 0

    def _notice(self, hashes: array[int]) -> None:
        if self._begin is None:
            self._begin = array("q") if self._mask else hashes

    def first_repeat(self) -> int | None:
        """Returns the first row that repeats an earlier value, if one was noticed and the order is known."""
        return None if self._begin is None else _first_repeat(self._begin)

    def _make_room(self) -> None:
        """Drops repeated hashes, and thins out the rest if need be. Waits longer if nearly all differ."""
        if len(self._hashes) < self.most and 2 * len(set(self._hashes[-_SAMPLE:])) > _SAMPLE:
            self._look = min(4 * len(self._hashes), self.most)
            return
        self._compact()
        while len(self._hashes) * 4 > self.most * 3:
            self._mask = self._mask * 2 + 1
            self._hashes = array("q", [one for one in self._hashes if not one & self._mask])
        self._look = min(max(_FIRST_LOOK, 4 * len(self._hashes)), self.most)

    def _compact(self) -> None:
        hashes = self._hashes
        unique: array[int] = array("q")
        for part in _parted(hashes):
            unique.extend(array("q", part))
        if len(unique) < len(hashes):
            self._notice(hashes)
            self._hashes = unique


def _parted(hashes: array[int]) -> Iterable[set[int]]:
    parts = len(hashes) // _PART + 1
    if parts == 1:
        return [set(hashes)]
    some = memoryview(hashes).cast("B")[_PART_BYTE :: hashes.itemsize].tobytes()
    return (set(compress(hashes, some.translate(_chosen(part, parts)))) for part in range(parts))


def _chosen(part: int, parts: int) -> bytes:
    """For every byte, whether what has it belongs to a part."""
    return bytes(byte % parts == part for byte in range(256))


def _first_repeat(hashes: array[int]) -> int | None:
    """Returns the position, counted from 1, of the first hash that occurred before."""
    first, parts = len(hashes) + 1, len(hashes) // _PART + 1
    for part in range(parts):
        chosen = _chosen(part, parts)
        seen: set[int] = set()
        for position, one in enumerate(hashes[: first - 1], 1):
            if not chosen[one >> 24 & 255]:
                continue
            if one in seen:
                first = position
                break
            seen.add(one)
    return first if first <= len(hashes) else None
