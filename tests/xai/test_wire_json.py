"""Bodies that are JSON, nearly JSON, or not JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai.wire_json import BIGGEST, MOST_COUNT, count, decode_json, encode_json, number

READABLE = [
    (b"null", None),
    (b' {"a":[1,2.5,"\xc3\xbc"]} ', {"a": [1, 2.5, "ü"]}),
    (b'["cut emoji \\ud83d", "whole \\ud83d\\ude00"]', ["cut emoji \ufffd", "whole 😀"]),
    (b'["bad byte \xff"]', ["bad byte \ufffd"]),
    (b"\xef\xbb\xbf{}", {}),
    (b"[NaN, Infinity, 1]", [None, None, 1]),
    (b"[1e999, -1e999, 1.5]", [None, None, 1.5]),
    (b"[%s, 7]" % (b"9" * 5000), [None, 7]),
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
    assert count(value) == (read if read and 0 < read <= MOST_COUNT else 0)


def test_what_is_nested_deeply_can_be_written_as_it_was_read() -> None:
    """Whoever stores or shows an answer must not fail because of it: orjson writes 254 levels, and reads 1,024."""
    deep = decode_json(b"[" * 600 + b"]" * 600)
    assert encode_json(deep) == b"[" * 600 + b"]" * 600
    assert b"nested too deeply" in encode_json(decode_json(b"[" * 1000 + b"]" * 1000))


def test_indenting_makes_little_of_much() -> None:
    """At level 250 a line has 500 spaces: 200 kB would be 50 MB."""
    assert encode_json({"a": [1]}, indent=True).count(b"\n") == 4
    nested = decode_json(b"[" * 250 + b"1," * 100_000 + b"1" + b"]" * 250)
    assert len(encode_json(nested, indent=True)) < 300_000


def test_a_body_whose_values_need_more_memory_than_there_is_ends_in_an_error_and_not_in_the_process() -> None:
    script = (
        "import resource; from batchsite.xai.wire_json import decode_json\n"
        "from batchsite.xai.result_page import read_page_of_results\n"
        "body = b'{\"results\":[' + b'[],' * 9_000_000 + b'[]]}'\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (300_000_000, -1))\n"
        "for read in (decode_json, read_page_of_results):\n"
        "    try: read(body)\n"
        "    except MemoryError: print('said')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["said", "said"]
