"""A table and the outcomes of its rows as bytes: CSV (exact, or for Excel), JSON, JSON Lines. Pure.

Every writer takes the dataset's columns and an iterator of (cells, outcome), and yields buffers of 500 rows; with
`only`, just the columns with these names.
Our columns follow the dataset's own, which never change: if a name is taken, ours gets `_2`. If answers have a shape,
its fields follow `answer`, as values in JSON and as text elsewhere.
CSV quotes every cell, which is faster than checking which cells need it, and safe with every reader.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from batchsite.recipes.answer_shape import as_cell
from batchsite.recipes.download_columns import Fields, column_names
from batchsite.tables.formulas import harmless_row, without_formulas

BUFFER_ROWS = 500
TICKS_PER_DOLLAR = 10**10
UTF8_BOM = b"\xef\xbb\xbf"


class RowOutcome(NamedTuple):
    """What became of a row. Tokens and cost are None while there is no result.

    A tuple for speed, as there is one for every row of a file.
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
    """Why a succeeded row needs a look: a misfit, no answer, cut off, refused, or several answers."""
    values: Sequence[Any] = ()
    """The JSON values of the answer's fields; None for those that it lacks."""


Row = tuple[Sequence[str], RowOutcome]
Only = Collection[str] | None
"""Names of the columns to write; None for all."""


class Writer(Protocol):
    """Writes a file piece by piece: the dataset's columns, its rows, the fields of the answers."""

    def __call__(
        self, columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None
    ) -> Iterator[bytes]: ...


def usd(ticks: int | None) -> str:
    """Returns ticks as an exact decimal of dollars, without exponent or trailing zeros: "0.00123"."""
    if ticks is None:
        return ""
    digits = f"{ticks:011d}"
    return f"{digits[:-10]}.{digits[-10:]}".rstrip("0").rstrip(".")


def picker(names: Sequence[str], only: Only) -> Callable[[Sequence[Any]], list[Any]]:
    """Returns a function that picks the columns `only` from a row, in the order of `names`."""
    if only is None:
        return list
    places = [place for place, name in enumerate(names) if name in only]
    return lambda row: [row[place] for place in places]


def csv_exact(columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None) -> Iterator[bytes]:
    """CSV after RFC 4180 in UTF-8: a reader gets back every cell exactly."""
    names = column_names(columns, fields)
    pick = picker(names, only)
    yield _packed([pick(names)])
    for buffer in texts_of(rows, fields):
        yield _packed([pick(row) for row in buffer])


def csv_excel(columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None) -> Iterator[bytes]:
    """CSV for spreadsheets: with a byte order mark, and no cell that would run as a formula."""
    names = column_names(columns, fields)
    pick = picker(names, only)
    yield UTF8_BOM + _packed([without_formulas(pick(names))])
    for buffer in texts_of(rows, fields):
        yield _packed([harmless_row(pick(row)) for row in buffer])


def texts_of(rows: Iterable[Row], fields: Fields) -> Iterator[list[list[str]]]:
    """Yields buffers of rows, every cell as text."""
    texts = _texts if fields is None else _texts_of_fields
    for buffer in _buffers(rows):
        yield [[*cells, *texts(outcome)] for cells, outcome in buffer]


def jsonl(columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None) -> Iterator[bytes]:
    """One object per line. Tokens are integers, `cost_usd` is exact text, and both are null without a result."""
    for buffer in objects_of(columns, rows, fields, only):
        yield b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in buffer])


def json_array(
    columns: Sequence[str], rows: Iterable[Row], fields: Fields = None, only: Only = None
) -> Iterator[bytes]:
    """One array of the objects of `jsonl`, one per line."""
    before = b"[\n"
    for buffer in objects_of(columns, rows, fields, only):
        yield before + b",\n".join([orjson.dumps(record) for record in buffer])
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def objects_of(
    columns: Sequence[str], rows: Iterable[Row], fields: Fields, only: Only
) -> Iterator[list[dict[str, Any]]]:
    """Yields buffers of rows as objects."""
    names = column_names(columns, fields)
    for buffer in _buffers(rows):
        whole = [_object(names, row) for row in buffer]
        if only is None:
            yield whole
        else:
            yield [{name: value for name, value in record.items() if name in only} for record in whole]


def _buffers(rows: Iterable[Row]) -> Iterator[list[Row]]:
    stream = iter(rows)
    while buffer := list(itertools.islice(stream, BUFFER_ROWS)):
        yield buffer


def _texts(outcome: RowOutcome) -> tuple[str, ...]:
    """Returns our cells as text."""
    request_id, state, answer, error, finish, model, prompt, completion, reasoning, ticks, warning, _ = outcome
    counts = [_count(prompt), _count(completion), _count(reasoning)]
    return (request_id, state, answer, error, warning, finish, model, *counts, usd(ticks))


def _texts_of_fields(outcome: RowOutcome) -> tuple[str, ...]:
    """Returns our cells as text, with those of the fields."""
    request_id, state, answer, *behind = _texts(outcome)
    return (request_id, state, answer, *map(as_cell, outcome.values), *behind)


def _count(tokens: int | None) -> str:
    return "" if tokens is None else str(tokens)


def _object(names: Sequence[str], row: Row) -> dict[str, Any]:
    cells, outcome = row
    ours = (
        outcome.batch_request_id,
        outcome.state,
        outcome.answer,
        *outcome.values,
        outcome.error,
        outcome.warning,
        outcome.finish_reason,
        outcome.answered_by,
        outcome.prompt_tokens,
        outcome.completion_tokens,
        outcome.reasoning_tokens,
        None if outcome.cost_ticks is None else usd(outcome.cost_ticks),
    )
    return dict(zip(names, (*cells, *ours), strict=True))


# Two characters that hardly any cell contains stand for the ends of cells and rows, so that all quotes of a buffer
# are doubled at once: more than twice as fast as cell by cell, which remains for buffers that do contain one.
_CELL, _ROW = "\x1f", "\x1e"


def _packed(rows: Sequence[Sequence[str]]) -> bytes:
    """Returns the rows as CSV, every cell quoted."""
    text = _ROW.join([_CELL.join(row) for row in rows])
    if text.count(_ROW) != len(rows) - 1 or text.count(_CELL) != sum(map(len, rows)) - len(rows):
        return "".join([_line(row) for row in rows]).encode()
    text = text.replace('"', '""').replace(_CELL, '","').replace(_ROW, '"\r\n"')
    return f'"{text}"\r\n'.encode()


def _line(row: Sequence[str]) -> str:
    return '"' + '","'.join([cell.replace('"', '""') for cell in row]) + '"\r\n'
