"""The sizes of the pages in a Parquet file, from their headers alone, before anything is unpacked. Pure.

A page of 4 kB can unpack to 2 GB, and pyarrow has no limit of its own. Headers are Thrift's compact protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchsite.tables.row_checks import refuse
from batchsite.tables.table_types import ByteStream

_DICTIONARY = 2
"""The type of a page with the values that others refer to."""
_KIND, _UNPACKED, _PACKED = 1, 2, 3
"""Fields of a page header."""
_FIRST_READ, _LONGEST_HEADER = 4096, 16_000_000
_MOST_GROUP = 400_000_000
"""Bytes of a group of rows that are in memory together: dictionaries, and the page in hand of every column."""


class BadHeader(Exception):
    """A header of a page that cannot be read."""


@dataclass
class Sizes:
    """The biggest pages of a column, in bytes once they are unpacked."""

    dictionary: int = 0
    data: int = 0


def page_sizes(stream: ByteStream, metadata: Any) -> list[Sizes]:
    """The sizes of each leaf column. Raises BadHeader, and ReadingError for more than memory should hold."""
    biggest = [Sizes() for _ in range(metadata.num_columns)]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if not group.num_rows:  # some writers leave such groups, which have no pages
            continue
        in_group = [_sizes_of(stream, group.column(column)) for column in range(metadata.num_columns)]
        if sum(sizes.dictionary + sizes.data for sizes in in_group) > _MOST_GROUP:
            raise refuse(
                f"Pages of this Parquet file unpack to more than {_MOST_GROUP:,} bytes at once, which is the limit. "
                "Write it with smaller pages, or save the table as CSV."
            )
        for sizes, here in zip(biggest, in_group, strict=True):
            sizes.dictionary, sizes.data = max(sizes.dictionary, here.dictionary), max(sizes.data, here.data)
    return biggest


def _sizes_of(stream: ByteStream, chunk: Any) -> Sizes:
    """The sizes of the pages of one column in one group of rows."""
    sizes = Sizes()
    place = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < (chunk.dictionary_page_offset or 0) < place:
        place = chunk.dictionary_page_offset
    end = place + chunk.total_compressed_size
    while place < end:
        kind, unpacked, packed, length = _header(stream, place)
        if kind == _DICTIONARY:
            sizes.dictionary = max(sizes.dictionary, unpacked)
        else:
            sizes.data = max(sizes.data, unpacked)
        place += length + packed
    return sizes


def _header(stream: ByteStream, place: int) -> tuple[int, int, int, int]:
    """(kind, bytes unpacked, bytes packed, bytes of the header itself) of the page at a place. Raises BadHeader."""
    size = _FIRST_READ
    while size <= _LONGEST_HEADER:
        stream.seek(place)
        data = stream.read(size)
        reader = _Compact(data)
        try:
            fields = reader.struct()
        except IndexError:
            if len(data) < size:
                break
            size *= 8
            continue
        kind, unpacked, packed = (fields.get(field, -1) for field in (_KIND, _UNPACKED, _PACKED))
        if min(kind, unpacked, packed) >= 0:
            return kind, unpacked, packed, reader.at
        break
    raise BadHeader


class _Compact:
    """Thrift's compact protocol, as far as page headers go. Raises IndexError at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, int]:
        """The whole numbers among the fields of a structure; others are passed over."""
        if depth > 8:
            raise BadHeader
        fields: dict[int, int] = {}
        number = 0
        while first := self._byte():
            kind = first & 15
            number = number + (first >> 4) if first >> 4 else self._signed()
            value = self._value(kind, depth)
            if kind in {4, 5, 6}:
                fields[number] = value
        return fields

    def _value(self, kind: int, depth: int) -> int:
        """Passes over a value; gives it where it is a whole number."""
        if kind in {4, 5, 6}:
            return self._signed()
        if kind == 3:
            self._skip(1)
        elif kind == 7:
            self._skip(8)
        elif kind == 8:
            self._skip(self._varint())
        elif kind in {9, 10}:
            self._list(depth)
        elif kind == 12:
            self.struct(depth + 1)
        elif kind not in {1, 2}:  # true and false have no bytes; page headers have no maps
            raise BadHeader
        return 0

    def _list(self, depth: int) -> None:
        first = self._byte()
        count = first >> 4 if first >> 4 < 15 else self._varint()
        for _ in range(count):
            if first & 15 in {1, 2}:
                self._skip(1)
            else:
                self._value(first & 15, depth + 1)
            if self.at > len(self.data):
                raise IndexError

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise IndexError

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise BadHeader

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
