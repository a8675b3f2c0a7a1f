"""What the reader found, as stored with a dataset: plain JSON, small enough for a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from batchsite.tables import Problem, Question, Understood

MOST_ROWS, MOST_CELLS, MOST_OF_A_CELL = 6, 12, 120
"""What is kept of the rows that stand beside a choice."""
MOST_EVIDENCE = 12
MOST_SET_ASIDE = 1000
MOST_OF_A_LINE = 500

_UNFIT = dict.fromkeys(range(0xD800, 0xE000), "�") | {0: "�"}
"""Neither PostgreSQL's JSON nor a page in UTF-8 can hold them."""


def kept_problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [storable(asdict(problem)) for problem in problems]


def kept_questions(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """The questions, their evidence cut to what helps to decide."""
    return [
        {
            "key": one.key,
            "text": storable(one.text),
            "guess": one.guess,
            "evidence": [storable(line[:MOST_OF_A_LINE]) for line in one.evidence[:MOST_EVIDENCE]],
            "choices": [
                {"value": each.value, "label": storable(each.label), "rows": _cut(each.rows), "more": each.more}
                for each in one.choices
            ],
        }
        for one in questions
    ]


def _cut(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The first cells of the first rows; an ellipsis stands for the rest of a row."""
    more = [["…"] if len(row) > MOST_CELLS else [] for row in rows]
    cut = [[storable(cell[:MOST_OF_A_CELL]) for cell in row[:MOST_CELLS]] for row in rows[:MOST_ROWS]]
    return [row + rest for row, rest in zip(cut, more, strict=False)]


def kept_understood(understood: Understood) -> dict[str, Any]:
    kept = asdict(understood)
    kept["set_aside"] = [[line, text[:MOST_OF_A_LINE]] for line, text in understood.set_aside[:MOST_SET_ASIDE]]
    found: dict[str, Any] = storable(kept)
    return found


def understood_fields(understood: Understood) -> dict[str, Any]:
    """The fields of a dataset that say how its file is read."""
    kept = kept_understood(understood)
    return {
        "understood": kept,
        "form": kept["form"][:20],
        "encoding": kept["encoding"][:40],
        "delimiter": kept["delimiter"][:4],
    }


def kept_answer(
    key: str, value: str, *, by: int | None, at: datetime, question: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An answer; with the question, so that it can be shown and changed later, where it was asked."""
    return {"key": key, "value": value, "by": by, "at": at.isoformat(), "question": question}


def storable(value: Any) -> Any:
    """The same value with every text in it fit for a database and a page."""
    if isinstance(value, str):
        return value.translate(_UNFIT)
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return value
