"""The values of a Parquet column as text: numbers and dates plain, what is nested as compact JSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import islice, pairwise
from json.encoder import encode_basestring
from typing import Any

from batchsite.tables.row_checks import refuse

_OUT_OF_RANGE = re.compile(r"<value out of range: (-?\d+)>")
"""What pyarrow writes for moments beyond the year 32767."""
_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400
"""Days after which the calendar repeats itself."""

Texts = Callable[[Any], list[str]]
"""A column of a batch -> its cells."""


def texts_of(kind: Any, longest: int) -> Texts:
    """What makes text of a column of that type. `longest`: characters of a cell that are put together."""
    from pyarrow import types

    if types.is_dictionary(kind):
        inner = texts_of(kind.value_type, longest)
        return lambda column: _by_index(column, inner(column.dictionary))
    if types.is_nested(kind):
        return lambda column: ["" if text == "null" else text for text in _json(column, longest)]
    return _plain_texts_of(kind)


def _plain_texts_of(kind: Any) -> Texts:
    """The same for values that are not made of others."""
    from pyarrow import types

    if is_bytes(kind):
        return _text_of_bytes
    if types.is_floating(kind):
        return lambda column: [_float(text) for text in _cast(column)]
    if types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        return lambda column: [_moment(text, kind.unit) + zone if text else "" for text in _cast(_in_utc(column))]
    if types.is_date(kind):
        unit = "" if types.is_date32(kind) else "ms"
        return lambda column: [_moment(text, unit) for text in _cast(column)]
    if types.is_time(kind):
        return lambda column: [_trimmed(text) for text in _cast(column)]
    if types.is_duration(kind):
        return lambda column: [f"{text} {kind.unit}" if text else "" for text in _cast(column)]
    if types.is_primitive(kind) or _is_plain(kind):
        return _cast
    return lambda column: ["" if value is None else str(value) for value in column.to_pylist()]  # such as a UUID


def is_bytes(kind: Any) -> bool:
    """Whether values are bytes that nobody has marked as text."""
    from pyarrow import types

    tests = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def holds_bytes(kind: Any) -> bool:
    """Whether there are such bytes in a type, or in what it is made of."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return holds_bytes(kind.value_type)
    return is_bytes(kind) or any(holds_bytes(kind.field(n).type) for n in range(getattr(kind, "num_fields", 0)))


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_boolean, types.is_null)
    return types.is_decimal(kind) or any(test(kind) for test in tests)


def _cast(column: Any) -> list[str]:
    from pyarrow import string

    return [text or "" for text in column.cast(string()).to_pylist()]


def _text_of_bytes(column: Any) -> list[str]:
    """Raises ValueError where bytes are not UTF-8."""
    return [value.decode() if value else "" for value in column.to_pylist()]


def _by_index(column: Any, values: list[str]) -> list[str]:
    """Cells that stand in a dictionary; each value is in memory once."""
    return ["" if index is None else values[index] for index in column.indices.to_pylist()]


def _in_utc(column: Any) -> Any:
    """Moments with a zone in UTC, without it: pyarrow takes late ones that have one for others."""
    from pyarrow import timestamp

    return column.cast(timestamp(column.type.unit)) if column.type.tz else column


def _float(text: str) -> str:
    """As JSON writes it: `1.0`, not `1`."""
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _moment(text: str, unit: str) -> str:
    """`2024-01-02 03:04:05.000` -> `2024-01-02T03:04:05`. `unit`: in which moments are counted; empty for days."""
    if match := _OUT_OF_RANGE.match(text):
        far = int(match[1])
        return _far_moment(far, _PER_SECOND[unit]) if unit else _day(far)
    return _trimmed(text).replace(" ", "T")


def _far_moment(count: int, per_second: int) -> str:
    """So many parts of a second after 1970 began."""
    day, rest = divmod(count, 86_400 * per_second)
    second, part = divmod(rest, per_second)
    decimals = f".{part:0{len(str(per_second)) - 1}d}" if part else ""
    return f"{_day(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{decimals.rstrip('0')}"


def _day(count: int) -> str:
    """So many days after 1970-01-01, of whatever year."""
    cycles, rest = divmod(count, _CYCLE_DAYS)
    when = date(1970, 1, 1) + timedelta(rest)
    year = when.year + _CYCLE_YEARS * cycles
    return f"{'-' if year < 0 else ''}{abs(year):04d}-{when.month:02d}-{when.day:02d}"


def _trimmed(text: str) -> str:
    """Without zeros at the end of a second's decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json(column: Any, longest: int) -> list[str]:
    """Compact JSON of each value; `null` for none. Raises ReadingError for one that is longer."""
    from pyarrow import types

    kind = column.type
    valid = column.is_valid().to_pylist()
    texts: Iterable[str]
    if types.is_struct(kind):
        texts = _objects(column, longest)
    elif types.is_map(kind):
        texts = _maps(column, longest)
    elif types.is_nested(kind) and hasattr(column, "flatten"):
        texts = _lists(column, longest)
    else:
        plain = texts_of(kind, longest)(column)
        raw = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)
        texts = plain if raw else map(encode_basestring, plain)
    return [text if filled else "null" for text, filled in zip(texts, valid, strict=True)]


def _objects(column: Any, longest: int) -> Iterator[str]:
    names = [encode_basestring(field.name) for field in column.type]
    fields = [_json(values, longest) for values in column.flatten()]
    for number in range(len(column)):
        yield _joined("{}", [f"{name}:{texts[number]}" for name, texts in zip(names, fields, strict=True)], longest)


def _lists(column: Any, longest: int) -> Iterator[str]:
    items = iter(_json(column.flatten(), longest))
    for length in column.value_lengths().to_pylist():
        yield _joined("[]", list(islice(items, length or 0)), longest)


def _maps(column: Any, longest: int) -> Iterator[str]:
    """An object of keys and values; a list of pairs where a key stands twice."""
    offsets = column.offsets.to_pylist()
    begin, count = offsets[0], offsets[-1] - offsets[0]
    kind, keys = column.type.key_type, column.keys.slice(begin, count)
    names = texts_of(kind, longest)(keys)
    values = _json(column.items.slice(begin, count), longest)
    for start, end in pairwise(offsets):
        pairs = list(zip(names[start - begin : end - begin], values[start - begin : end - begin], strict=True))
        if len({name for name, _ in pairs}) == len(pairs):
            yield _joined("{}", [f"{encode_basestring(name)}:{value}" for name, value in pairs], longest)
        else:
            yield _joined("[]", [f"[{encode_basestring(name)},{value}]" for name, value in pairs], longest)


def _joined(brackets: str, parts: list[str], longest: int) -> str:
    """Parts of one value put together. Raises ReadingError where that would be too long."""
    if sum(map(len, parts)) > longest:
        raise refuse(f"A value of this Parquet file is longer than {longest:,} characters, which is the limit.")
    return brackets[0] + ",".join(parts) + brackets[1]
