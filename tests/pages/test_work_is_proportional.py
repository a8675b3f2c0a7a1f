"""What people type and upload is read in time proportional to its size, or refused by its size.

Each parser gets the worst input known for it, once and four times as much. Work that grows with the square takes 16
times as long; 10 times are allowed, and a moment, so that a busy machine does not matter. It is the processor's time,
and what takes too much has another chance.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import io
import json
import time
from collections.abc import Callable

import pytest

from batchsite.prompts.diff import changes
from batchsite.recipes import answer_shape
from batchsite.recipes.answer_shape import shape_of
from batchsite.recipes.attachments import Pictures
from batchsite.recipes.history import History
from batchsite.recipes.prompt_template import PromptError, parse, slips
from batchsite.recipes.row_set import parse_rows
from batchsite.tables import Asks, Limits, ReadingError, open_table
from batchsite.tables.formulas import without_formulas
from batchsite.workbooks.number_formats import number_format

MOST = 10
LONGEST, A_MOMENT = 3, 0.2
"""Seconds. A page or an import must not be held for longer."""
LIMITS = Limits(rows=1_000_000, columns=500, cell=5_000_000, unpacked=10**9)
COLUMNS = [f"column {number}" for number in range(500)]

Work = Callable[[int], object]


def opened(data: bytes) -> None:
    """Reads a file to its end; every question gets its likeliest answer."""
    answers: dict[str, str] = {}
    for _ in range(20):
        try:
            for _ in open_table(io.BytesIO(data), filename="x", answers=answers, limits=LIMITS).pieces():
                pass
        except Asks as asks:
            answers.update({question.key: question.guess for question in asks.questions})
        else:
            return


def template(text: str) -> None:
    with contextlib.suppress(PromptError):
        parse(text, COLUMNS)
    slips(text, COLUMNS)


def compared(old: list[str], new: list[str]) -> None:
    list(changes("\n".join(old), "\n".join(new)))


def pasted(schema: object) -> None:
    answer_shape.problems({"schema": json.dumps(schema)})


def checked(answer: object, schema: object) -> None:
    shape = shape_of({"schema": json.dumps(schema)})
    if shape is not None:
        shape.misfit(json.dumps(answer))


def anything(depth: int) -> dict[str, object]:
    """The schema that stopped the installation: every level asks the next one twice."""
    pairs = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/d0", "$defs": pairs | {f"d{depth}": {"type": "integer"}}}


WORST: dict[str, tuple[int, Work]] = {
    "braces in a prompt": (50_000, lambda size: template("{{" * size)),
    "closed braces in a prompt": (20_000, lambda size: template("{{ }}" * size)),
    "misspelt placeholders": (500, lambda size: template("".join(f"{{{{colunm {n}}}}}" for n in range(size)))),
    "escapes in a prompt": (50_000, lambda size: template("\\{" * size)),
    "equal lines of two prompts": (1_000, lambda size: compared(["a"] * size, ["a", "b"] * size)),
    "different lines of two prompts": (1_000, lambda size: compared([f"a{n}" for n in range(size)], ["b"] * size)),
    "one long line of two prompts": (20_000, lambda size: compared(["a b " * size], ["b a " * size])),
    "earlier turns of a row": (20_000, lambda size: History(0).fault(["[" + "[]," * size + "[]]"], is_all=True)),
    "depth of earlier turns": (200_000, lambda size: History(0).fault(["[" * size], is_all=True)),
    "names of pictures of a row": (20_000, lambda size: Pictures(0).fault(["https://a.b/c\n" * size])),
    "row ranges": (20_000, lambda size: parse_rows(",".join(f"{n}-{n + 2}" for n in range(1, size)), size + 5)),
    "schema: a long pattern": (20_000, lambda size: pasted({"type": "string", "pattern": "(a|b)*" * size})),
    "schema: many properties": (400, lambda size: pasted({"properties": {f"p{n}": {} for n in range(size)}})),
    "schema: pairs of references": (10, lambda size: pasted(anything(size))),
    "schema: depth": (500, lambda size: answer_shape.problems({"schema": '{"not":' * size + "{}" + "}" * size})),
    "answers against a schema": (
        2_000,
        lambda size: checked(["x"] * size, {"type": "array", "items": {"anyOf": [{"type": "integer"}] * 20}}),
    ),
    "cells for a spreadsheet": (200_000, lambda size: without_formulas(["\n;" * size])),
    "csv: equal names of columns": (25_000, lambda size: opened(b"a," * size + b"\n1,2\n")),
    "csv: one long line": (1_000_000, lambda size: opened("a,b\n{}".format("😀" * size).encode())),
    "csv: quotes that never close": (16_000, lambda size: opened(b'a,b\n"' + b"x\n" * size)),
    "csv: quotes": (200_000, lambda size: opened(b"a,b\n" + b'""' * size)),
    "csv: names that are nearly codes": (
        20,
        lambda size: opened(b"a%s!\nHow do you feel?\nfine\nbad\nso so\n" % (b"1" * size)),
    ),
    "csv: blanks before the first line": (3_000, lambda size: opened(b" \n" * size + b"CREATE")),
    "csv: bars in a line": (20_000, lambda size: opened(b"|" * size + b"CREATE")),
    "excel: letters of a number format": (6, lambda size: number_format("y" * size + "q")),
    "excel: other letters of a number format": (60, lambda size: number_format("aaa" * size + "gebrn" * size + "q")),
    "csv: line ends": (20_000, lambda size: opened(b"a,b\n1,2" + b"\n\r" * size)),
    "csv: bad bytes": (12_000, lambda size: opened(b"a,b\n1,\xff\xfe\n" + b"1,\x80\n" * size)),
    "csv: uneven rows": (4_000, lambda size: opened(b"a,b\n" + b"1\n1,2,3\n" * size)),
    "csv, packed": (120_000, lambda size: opened(gzip.compress(b"a,b\n" + b"1,2\n" * (size // 4), 1))),
    "json: depth": (20_000, lambda size: opened(b'[{"a":' + b"[" * size)),
    "json: equal names": (5_000, lambda size: opened(b"[{" + b'"a":1,' * size + b'"b":2}]')),
    "json: escapes": (100_000, lambda size: opened(b'[{"a":"' + b"\\u0000" * size + b'"}]')),
    "json: numbers": (100_000, lambda size: opened(b'[{"a":' + b"9" * size + b"}]")),
    "json lines: names that change": (2_000, lambda size: opened(b"".join(b'{"n%d":1}\n' % n for n in range(size)))),
}


def seconds(work: Work, size: int) -> float:
    """Without the garbage collector, whose work grows with all that the process holds."""
    gc.disable()
    try:
        begun = time.process_time()
        with contextlib.suppress(ReadingError, ValueError):
            work(size)
        return time.process_time() - begun
    finally:
        gc.enable()


def is_in_proportion(work: Work, size: int) -> bool:
    once = seconds(work, size)
    return once < LONGEST and seconds(work, 4 * size) < MOST * once + A_MOMENT


@pytest.mark.parametrize("name", WORST)
def test_four_times_as_much_takes_about_four_times_as_long(name: str) -> None:
    size, work = WORST[name]
    assert is_in_proportion(work, size) or is_in_proportion(work, size)
