"""Bodies that are JSON, nearly JSON, or not JSON."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai.wire_json import BIGGEST, count, decode_json, number

READABLE = [
    (b"null", None),
    (b' {"a":[1,2.5,"\xc3\xbc"]} ', {"a": [1, 2.5, "ü"]}),
    (b'["cut emoji \\ud83d", "whole \\ud83d\\ude00"]', ["cut emoji \ufffd", "whole 😀"]),
    (b'["bad byte \xff"]', ["bad byte \ufffd"]),
    (b"\xef\xbb\xbf{}", {}),
    (b"[NaN, Infinity, 1]", [None, None, 1]),
]


@pytest.mark.parametrize(("body", "value"), READABLE)
def test_one_bad_character_does_not_lose_the_page(body: bytes, value: Any) -> None:
    read = decode_json(body)
    if isinstance(read, list) and read and isinstance(read[0], str):
        read = [_one_mark(word) for word in read]
    assert read == value


def _one_mark(word: str) -> str:
    """Returns the text with one U+FFFD where half a surrogate pair became three."""
    return word.replace("\ufffd" * 3, "\ufffd")


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1', b"<html>", b"nul", b"[" * 100_000])
def test_invalid_json_raises_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_json(body)


@settings(deadline=None)  # a busy machine must not fail this
@given(st.recursive(st.none() | st.text() | st.integers(0, 9), lambda more: st.lists(more, max_size=3)))
def test_repaired_json_can_be_encoded_again(value: Any) -> None:
    cut = json.dumps([value, "\ud800"]).encode()
    assert orjson.loads(orjson.dumps(decode_json(cut)))[0] == value


NUMBERS = [
    (7, 7),
    (-7, -7),
    (7.0, 7),
    (7.5, None),
    ("7", 7),
    ("7.0", None),
    ("-7", None),
    ("²", None),
    ("", None),
    (True, None),
    (None, None),
    (float("nan"), None),
    (float("inf"), None),
    (BIGGEST, BIGGEST),
    (BIGGEST + 1, None),
    (1e300, None),
    ("9" * 5000, None),
]


@pytest.mark.parametrize(("value", "read"), NUMBERS)
def test_numbers_are_whole_and_fit_a_database_integer(value: object, read: int | None) -> None:
    assert number(value) == read
    assert count(value) == (read or 0)
