"""No pattern that meets what people upload takes more than its share: a row of signs must not hold a worker."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

import batchsite.recipes
import batchsite.tables
import batchsite.workbooks
from batchsite.tables import Limits, file_kind
from tests.patience import patient
from tests.tables.tables import opened

PUMPS = (
    *" \t\n\"'`,;:.-_=*#@/\\|()[]{}<>a1Aé😀+%$&!?~^",
    *(
        "()",
        "( ",
        "-- ",
        "--\n",
        "a ",
        "1,",
        "1.",
        "<a",
        "[]",
        "{}",
        "{{",
        "}}",
        '\\"',
        "''",
        '""',
        "a=",
        "a:",
        "a_",
        "a-",
    ),
    *("# ", "\r\n", "1 ", "a,", "(a", "&a", "% ", "|-", "+-", " not", " \n", "?x", "\\\\ "),
)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for room in (batchsite.tables, batchsite.workbooks, batchsite.recipes):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                for one in _within(value):
                    yield f"{module.name}.{name}", one


def _within(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _within(part)


def seconds(pattern: re.Pattern[Any], text: str) -> float:
    subject = text.encode() if isinstance(pattern.pattern, bytes) else text
    begin = time.process_time()
    pattern.match(subject)
    pattern.fullmatch(subject)
    return time.process_time() - begin


def beginnings(pattern: re.Pattern[Any]) -> list[str]:
    """Words and signs of the pattern itself, behind which the rest of it is tried."""
    written = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else str(pattern.pattern)
    words = re.findall(r"[A-Za-z]{2,}|[-#/*<{(\[\"'`:;,=]", written)
    return ["", *list(dict.fromkeys(words))[:6]]


@pytest.mark.slow
def test_every_pattern_takes_time_in_proportion_to_the_text() -> None:
    worse = set()
    for name, pattern in patterns():
        for begin in beginnings(pattern):
            for pump in PUMPS:
                for count in (24, 2_000):  # the first for what doubles with every sign
                    if seconds(pattern, begin + pump * count + "x y z") > patient(0.02):
                        worse.add(name)
                        break
    assert worse == set()


@pytest.mark.parametrize("signs", [b"-- " * 200, b"-- --\n" * 200, b"%a\n" * 20_000, b"a&" * 30_000, b"|-" * 30_000])
def test_the_kind_of_a_file_is_told_at_once(signs: bytes) -> None:
    """Ninety bytes of comments held a worker for hours: each could end before any sign of the next."""
    begin = time.process_time()
    file_kind.what_else(signs + b"x")
    assert time.process_time() - begin < patient(0.5)


@pytest.mark.parametrize("cell", ["kg" + " not" * 15_000 + " x", "kg" + " " * 60_000 + "x", "(" * 60_000])
def test_a_long_cell_below_the_names_is_no_unit(cell: str) -> None:
    begin = time.process_time()
    table = opened(f"id,text\n{cell},{cell}\n" + "1,one\n2,two\n" * 20, Limits(100, 10, 10**6))
    assert [row[1] for row in table.rows()][1] == "one"
    assert time.process_time() - begin < patient(2)
