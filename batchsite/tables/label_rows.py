"""Rows of plain words below the names that say what the columns are: questions, labels, the names in words. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

from batchsite.tables.cell_values import is_datum, is_missing
from batchsite.tables.label_words import script_of, translates

_CODE = re.compile(r"[^\W\d_]{1,12}+[ _.\-]?+\d++(?:[_.\-]?+[^\W\d_]{0,6}+\d*+){0,4}+")
"""A name without meaning: Q1, Q2_4_TEXT, v01, item 3."""
_ASKING = re.compile(
    r"""(?:.*[?？:：…]|(?:
    what|which|who|whom|whose|why|when|where|how|please|do|does|did|are|is|have|has|would|could|can|will|should|tell|
    describe|select|choose|rate|enter|specify|list|name|explain|in\ which|to\ what\ extent|
    was|welche[rsn]?|wer|warum|wann|wo|wie|bitte|haben|sind|würden|nennen|qu[eé]l?(?:le)?s?|qui|pourquoi|quand|où|
    comment|veuillez|cu[aá]l(?:es)?|qui[eé]n|por\ qu[eé]|cu[aá]ndo|d[oó]nde|c[oó]mo|cosa|quale|chi|perch[eé]|dove|
    come|wat|welke|waarom|wanneer|waar|hoe
    )\ \S+\ ?.*\S)\s*""",
    re.I | re.X | re.S,
)
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FEWEST_BELOW, _FEWEST_SHORT, _FEWEST_CLASSED = 2, 3, 6
_FEWEST_OF_ONE = 5
_FEWEST_LETTERS = 3
_MUCH_LONGER = 2
_FEW = 0.2
"""Share of the rows below that may do what none but labels should."""

Test = Callable[[str, str], bool]
"""(name of a column, a cell of it) -> whether the cell reads like a label."""


def are_labels(names: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row says what the columns are. There are no numbers or dates below."""
    columns = [column for column, cell in enumerate(row) if cell.strip()]
    if len(below) < _FEWEST_BELOW or not columns or any(is_datum(row[c]) or is_missing(row[c]) for c in columns):
        return False
    if any(row[column] == other[column] for other in below for column in columns):
        return False
    if len(row) > 1 and any(_stand_out(names, row, below, columns, test) for test in (_restates, translates)):
        return True
    if len(row) > 1 and (len(_classed(row, below, columns)) > 1 or _is_written_otherwise(row, below, columns)):
        return True
    if 2 * sum(1 for column in columns if _CODE.fullmatch(names[column].strip())) < len(columns):
        return False
    if _stand_out(names, row, below, columns, _asks):
        return True
    return _are_longer(row, below, columns) or 2 * len(_classed(row, below, columns)) >= len(row) > 1


def _stand_out(
    names: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]], columns: Sequence[int], test: Test
) -> bool:
    """Whether at least half of the cells pass a test that few of those below do."""
    passed = [column for column in columns if test(names[column], row[column])]
    if not passed or 2 * len(passed) < len(columns) or len(passed) < min(2, len(row)):
        return False
    others = [test(names[column], other[column]) for other in below for column in passed]
    return sum(others) <= _FEW * len(others)


def _asks(_: str, cell: str) -> bool:
    return _ASKING.fullmatch(cell) is not None


def _restates(name: str, cell: str) -> bool:
    """Whether a cell has half of the words of a name or more, which may be cut short: `cust_id`, Customer ID."""
    words, said = _words(name), _words(cell)
    shared = [word for word in words if any(full.startswith(word) for full in said)]
    return sum(map(len, shared)) >= _FEWEST_LETTERS and 2 * len(shared) >= len(words)


@lru_cache(maxsize=4000)
def _words(text: str) -> list[str]:
    return [part.lower() for part in _PARTS.findall(_CAMEL.sub(" ", text[:300]))]


def _is_written_otherwise(row: Sequence[str], below: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether a row is in one script and all rows below are in another."""
    if len(below) < _FEWEST_SHORT or len(columns) < 2:
        return False
    here = {script_of(row[column]) for column in columns}
    others = {script for other in below for column in columns if (script := script_of(other[column]))}
    return len(here) == len(others) == 1 and not here & (others | {"", "several"})


def _are_longer(row: Sequence[str], below: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether at least half of the cells have several words, and far more than any below."""
    if len(below) < (_FEWEST_SHORT if len(row) > 1 else _FEWEST_OF_ONE):
        return False
    longer = [
        column
        for column in columns
        if " " in row[column].strip() and len(row[column]) >= _MUCH_LONGER * max(len(other[column]) for other in below)
    ]
    return 2 * len(longer) >= len(columns) and len(longer) >= min(2, len(row))


def _classed(row: Sequence[str], below: Sequence[Sequence[str]], columns: Sequence[int]) -> list[int]:
    """Columns with a word that is none of a few values, each of which comes again below."""
    if len(below) < _FEWEST_CLASSED:
        return []
    found = []
    for column in columns:
        counts = Counter(other[column].strip() for other in below)
        if len(counts) > 1 and min(counts.values()) > 1 and row[column].strip() not in counts:
            found.append(column)
    return found
