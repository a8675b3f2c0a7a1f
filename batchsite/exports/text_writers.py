"""A table and what came of its rows, as bytes: CSV (exact, or for Excel), JSON, JSON Lines. Pure.

Every writer takes the dataset's columns and an iterator of (cells, outcome), and gives buffers of some 500 rows; with
`only`, no more than the columns with these names.
Our columns stand behind the dataset's own, which are never touched: where a name is taken, ours gets `_2`. Where
answers have a shape, its fields stand behind `answer`, as values in JSON and as text elsewhere, and `warning` behind
`error`.
In CSV every cell is quoted, which is faster than asking each whether it needs to be, and safe with every reader.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from batchsite.recipes.answer_shape import as_cell

BUFFER_ROWS = 500
TICKS_PER_DOLLAR = 10**10
UTF8_BOM = b"\xef\xbb\xbf"
OUR_COLUMNS = (
    "batch_request_id",
    "state",
    "answer",
    "error",
    "finish_reason",
    "answered_by",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_usd",
)


ANSWER = OUR_COLUMNS.index("answer")
"""The fields of an answer stand behind it."""


class Outcome(NamedTuple):
    """What came of a row. Tokens and cost are None while there is no result.

    A tuple, as one is made for every row of a file.
    """

    batch_request_id: str
    state: str
    """succeeded, failed, cancelled, missing, skipped or pending."""
    answer: str = ""
    error: str = ""
    finish_reason: str = ""
    answered_by: str = ""
    """The model that answered."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_ticks: int | None = None
    """1 tick = 1e-10 USD."""
    warning: str = ""
    """Why the answer does not fit its shape."""
    values: Sequence[Any] = ()
    """Of the fields of the answer, as JSON has them; None for those that it lacks."""


Row = tuple[Sequence[str], Outcome]
Fields = Sequence[str] | None
"""Names of the fields of an answer; None where answers are text."""
Only = Collection[str] | None
"""Names of the columns that are taken; None: all of them."""


class Writer(Protocol):
    """Writes a file piece by piece: the dataset's columns, its rows, the fields of the answers."""

    def __call__(
        self, columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None
    ) -> Iterator[bytes]: ...


def column_names(columns: Sequence[str], fields: Fields = None) -> list[str]:
    """The dataset's columns, then ours, each with the first free name of `answer`, `answer_2`, `answer_3`, …

    Fields give way to our own names, which scripts rely on.
    """
    taken = set(columns)
    ours = free_names(OUR_COLUMNS, taken)
    if fields is None:
        return [*columns, *ours]
    [warning] = free_names(["warning"], taken)
    before, behind = ours[: ANSWER + 1], ours[ANSWER + 1 :]
    return [*columns, *before, *free_names(fields, taken), behind[0], warning, *behind[1:]]


def free_names(wanted: Sequence[str], taken: set[str]) -> list[str]:
    """The first free name for each; it is taken from then on."""
    found = []
    for name in wanted:
        candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        free = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(free)
        found.append(free)
    return found


def usd(ticks: int | None) -> str:
    """Ticks as an exact decimal of dollars, without exponent and without noughts that say nothing: "0.00123"."""
    if ticks is None:
        return ""
    digits = f"{ticks:011d}"
    return f"{digits[:-10]}.{digits[-10:]}".rstrip("0").rstrip(".")


def picker(names: Sequence[str], only: Only) -> Callable[[Sequence[Any]], list[Any]]:
    """Takes from a row, in the order of `names`, what `only` asks for."""
    if only is None:
        return list
    places = [place for place, name in enumerate(names) if name in only]
    return lambda row: [row[place] for place in places]


def csv_exact(columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None) -> Iterator[bytes]:
    """CSV after RFC 4180 in UTF-8: what a reader finds in it is cell for cell what went in."""
    names = column_names(columns, fields)
    pick = picker(names, only)
    yield _packed([pick(names)])
    for some in texts_of(rows, fields):
        yield _packed([pick(row) for row in some])


def csv_excel(columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None) -> Iterator[bytes]:
    """CSV for spreadsheets: with a byte order mark, and no cell that would be run as a formula."""
    names = column_names(columns, fields)
    pick = picker(names, only)
    yield UTF8_BOM + _packed([_harmless(pick(names))])
    for some in texts_of(rows, fields):
        yield _packed([_harmless(pick(row)) for row in some])


def texts_of(rows: Iterable[Row], fields: Fields) -> Iterator[list[list[str]]]:
    """Buffers of rows, every cell as text."""
    texts = _texts if fields is None else _texts_of_fields
    for some in _buffers(rows):
        yield [[*cells, *texts(outcome)] for cells, outcome in some]


def jsonl(columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None) -> Iterator[bytes]:
    """One object a line. Tokens are integers, `cost_usd` is a text (exact), and both are null without a result."""
    for some in objects_of(columns, rows, fields, only):
        yield b"".join([orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in some])


def json_array(
    columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None
) -> Iterator[bytes]:
    """One array of the objects of `jsonl`, one a line."""
    before = b"[\n"
    for some in objects_of(columns, rows, fields, only):
        yield before + b",\n".join([orjson.dumps(one) for one in some])
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def objects_of(
    columns: Sequence[str], rows: Iterable[Row], fields: Fields, only: Only
) -> Iterator[list[dict[str, Any]]]:
    """Buffers of rows as objects."""
    names = column_names(columns, fields)
    for some in _buffers(rows):
        whole = [_object(names, row) for row in some]
        if only is None:
            yield whole
        else:
            yield [{name: value for name, value in one.items() if name in only} for one in whole]


def _buffers(rows: Iterable[Row]) -> Iterator[list[Row]]:
    stream = iter(rows)
    while some := list(itertools.islice(stream, BUFFER_ROWS)):
        yield some


def _texts(outcome: Outcome) -> tuple[str, ...]:
    """Our cells, as CSV has them."""
    request_id, state, answer, error, finish, model, prompt, completion, reasoning, ticks, _, _ = outcome
    counts = [_count(prompt), _count(completion), _count(reasoning)]
    return (request_id, state, answer, error, finish, model, *counts, usd(ticks))


def _texts_of_fields(outcome: Outcome) -> tuple[str, ...]:
    """Our cells and those of the fields."""
    request_id, state, answer, error, *behind = _texts(outcome)
    return (request_id, state, answer, *map(as_cell, outcome.values), error, outcome.warning, *behind)


def _count(tokens: int | None) -> str:
    return "" if tokens is None else str(tokens)


def _object(names: Sequence[str], row: Row) -> dict[str, Any]:
    cells, outcome = row
    shaped = len(names) - len(cells) > len(OUR_COLUMNS)
    ours = (
        outcome.batch_request_id,
        outcome.state,
        outcome.answer,
        *outcome.values,
        outcome.error,
        *((outcome.warning,) if shaped else ()),
        outcome.finish_reason,
        outcome.answered_by,
        outcome.prompt_tokens,
        outcome.completion_tokens,
        outcome.reasoning_tokens,
        None if outcome.cost_ticks is None else usd(outcome.cost_ticks),
    )
    return dict(zip(names, (*cells, *ours), strict=True))


# Two characters that hardly any cell holds stand for the ends of cells and rows, so that all quotes of a buffer
# are doubled in one go: more than twice as fast as cell by cell. Where a cell does hold one, cell by cell it is.
_CELL, _ROW = "\x1f", "\x1e"


def _packed(rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as CSV, every cell quoted."""
    text = _ROW.join([_CELL.join(row) for row in rows])
    if text.count(_ROW) != len(rows) - 1 or text.count(_CELL) != sum(map(len, rows)) - len(rows):
        return "".join([_line(row) for row in rows]).encode()
    text = text.replace('"', '""').replace(_CELL, '","').replace(_ROW, '"\r\n"')
    return f'"{text}"\r\n'.encode()


def _line(row: Sequence[str]) -> str:
    return '"' + '","'.join([cell.replace('"', '""') for cell in row]) + '"\r\n'


# What spreadsheets start a formula with, in full width too; and numbers, which may begin with a sign.
_FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def _harmless(cells: Sequence[str]) -> list[str]:
    """The cells, those that would be a formula behind an apostrophe. Quotes alone do not keep it from running."""
    return ["'" + cell if cell[:1] in _FORMULA and not _NUMBER.fullmatch(cell) else cell for cell in cells]
