"""Starter prompts for newcomers, made for a column of a dataset, and for what else each of them asks.

Each fills the prompt, the system prompt and the answer shape; the result is an ordinary draft.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batchsite.datasets.models import Dataset
from batchsite.pricing.coverage import ColumnCoverage, Coverage
from batchsite.prompts.library import Contents


@dataclass(frozen=True)
class Answers:
    """What a person answered before the prompt is written."""

    column: str
    """The column that holds the texts."""
    labels: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True)
class Starter:
    """An entry of the gallery: what it asks for besides a column, and the function that makes its contents."""

    name: str
    title: str
    what: str
    question: str
    """What the column is asked for with."""
    make: Callable[[Dataset, Answers], Contents]
    asks: str = ""
    """`labels` or `language`; empty if the column is all it needs."""


def text_column(filled: Coverage) -> ColumnCoverage:
    """Returns the column with the longest texts, which prompts are mostly about."""
    return max(filled.columns, key=lambda column: (column.filled > 0, column.mean))


def _field(name: str, kind: str, description: str, values: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"name": name, "type": kind, "values": list(values), "description": description, "required": True}


def _text(answers: Answers) -> str:
    """Returns the placeholder of the text in a fence, so that its contents are not taken for instructions."""
    return f"<text>\n{{{{{answers.column}}}}}\n</text>"


def _classify(dataset: Dataset, answers: Answers) -> Contents:
    name = "answer_label" if "label" in dataset.columns else "label"
    return Contents(
        system_prompt="Classify the text. Always choose the closest label.",
        text=f"Which label fits this text?\n\n{_text(answers)}",
        shape={"fields": [_field(name, "choice", "The label that fits the text best", answers.labels)]},
    )


def _extract(dataset: Dataset, answers: Answers) -> Contents:
    return Contents(
        system_prompt="Extract facts from the text. Never guess: leave blank what the text does not say.",
        text=f"Extract these facts from the text.\n\n{_text(answers)}",
        shape={
            "fields": [
                _field("topic", "text", "What the text is about, in two or three words"),
                _field("names", "texts", "People, products and places mentioned"),
                _field("date", "text", "A date mentioned in the text, as YYYY-MM-DD; empty if there is none"),
                _field("urgent", "yes_no", "Whether someone is waiting for an answer"),
            ]
        },
    )


def _translate(dataset: Dataset, answers: Answers) -> Contents:
    return Contents(
        system_prompt="Translate the text. Keep the tone, names and numbers. Answer with the translation only.",
        text=f"Translate this text into {answers.language}.\n\n{_text(answers)}",
    )


def _summarize(dataset: Dataset, answers: Answers) -> Contents:
    return Contents(
        system_prompt="Summarize the text for someone in a hurry. Answer with the summary only.",
        text=f"Summarize this text in one sentence of at most 20 words.\n\n{_text(answers)}",
    )


def _rate(dataset: Dataset, answers: Answers) -> Contents:
    return Contents(
        system_prompt="Rate the text strictly and fairly. Give the reason first, then the score.",
        text=f"How clear and helpful is this text?\n\n{_text(answers)}",
        shape={
            "fields": [
                _field("reason", "text", "Why, in one sentence"),
                _field("score", "choice", "1 is poor, 5 is excellent", ("1", "2", "3", "4", "5")),
            ]
        },
    )


STARTERS = (
    Starter(
        "classify", "Classify", "One label from a list for every row", "Classify which column?", _classify, "labels"
    ),
    Starter("extract", "Extract fields", "Facts from a text, one column each", "Extract from which column?", _extract),
    Starter(
        "translate", "Translate", "Every text in another language", "Translate which column?", _translate, "language"
    ),
    Starter("summarize", "Summarize", "One sentence for every row", "Summarize which column?", _summarize),
    Starter("rate", "Rate", "A score, and the reason for it", "Rate which column?", _rate),
)


def starter_of(name: str) -> Starter | None:
    """Returns the starter with that name. None if there is none."""
    return next((starter for starter in STARTERS if starter.name == name), None)
