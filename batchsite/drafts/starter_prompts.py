"""Starter prompts for newcomers, made for the columns of a dataset.

Each fills the prompt, the system prompt and the answer shape; the result is an ordinary draft.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batchsite.datasets.models import Dataset
from batchsite.pricing.coverage import ColumnCoverage, Coverage, coverage, values_of
from batchsite.prompts.library import Contents


@dataclass(frozen=True)
class Starter:
    """An entry of the gallery, and the function that makes its contents for a dataset."""

    name: str
    title: str
    what: str
    make: Callable[[Dataset, Coverage], Contents]


def text_column(filled: Coverage) -> ColumnCoverage:
    """Returns the column with the longest texts, which prompts are mostly about."""
    return max(filled.columns, key=lambda column: (column.filled > 0, column.mean))


def label_column(filled: Coverage) -> ColumnCoverage | None:
    """Returns a column of labels (few values that repeat) beside the text. None if there is none."""
    text = text_column(filled)
    labels = [column for column in filled.columns if column.repeats and column is not text]
    return min(labels, key=lambda column: column.mean, default=None)


def _field(name: str, kind: str, description: str, values: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "type": kind, "values": values or [], "description": description, "required": True}


def _text(filled: Coverage) -> str:
    """Returns the placeholder of the text in a fence, so that its contents are not taken for instructions."""
    return f"<text>\n{text_column(filled).placeholder}\n</text>"


def _classify(dataset: Dataset, filled: Coverage) -> Contents:
    label = label_column(filled)
    values, name = ["positive", "neutral", "negative"], "label"
    if label is not None:
        values, _ = values_of(dataset, label.name)
        name = label.name[:64]
    return Contents(
        system_prompt="Classify the text. Always choose the closest label.",
        text=f"Which label fits this text?\n\n{_text(filled)}",
        shape={"fields": [_field(name, "choice", "The label that fits the text best", values)]},
    )


def _extract(dataset: Dataset, filled: Coverage) -> Contents:
    return Contents(
        system_prompt="Extract facts from the text. Never guess: leave blank what the text does not say.",
        text=f"Extract these facts from the text.\n\n{_text(filled)}",
        shape={
            "fields": [
                _field("topic", "text", "What the text is about, in two or three words"),
                _field("names", "texts", "People, products and places mentioned"),
                _field("date", "text", "A date mentioned in the text, as YYYY-MM-DD; empty if there is none"),
                _field("urgent", "yes_no", "Whether someone is waiting for an answer"),
            ]
        },
    )


def _translate(dataset: Dataset, filled: Coverage) -> Contents:
    return Contents(
        system_prompt="Translate the text. Keep the tone, names and numbers. Answer with the translation only.",
        text=f"Translate this text into English.\n\n{_text(filled)}",
    )


def _summarise(dataset: Dataset, filled: Coverage) -> Contents:
    return Contents(
        system_prompt="Summarize the text for someone in a hurry. Answer with the summary only.",
        text=f"Summarize this text in one sentence of at most 20 words.\n\n{_text(filled)}",
    )


def _judge(dataset: Dataset, filled: Coverage) -> Contents:
    others = [column for column in filled.columns if column.filled and column is not text_column(filled)]
    about = "\n".join(f"{column.name}: {column.placeholder}" for column in others[:6])
    given = f"\n\nWhat is known of it:\n{about}" if about else ""
    return Contents(
        system_prompt="Rate the text strictly and fairly. Give the reason first, then the score.",
        text=f"How clear and helpful is this text?\n\n{_text(filled)}{given}",
        shape={
            "fields": [
                _field("reason", "text", "Why, in one sentence"),
                _field("score", "choice", "1 is poor, 5 is excellent", ["1", "2", "3", "4", "5"]),
            ]
        },
    )


STARTERS = (
    Starter("classify", "Classify", "One label from a list for every row", _classify),
    Starter("extract", "Extract fields", "Facts from a text, one column each", _extract),
    Starter("translate", "Translate", "Every text in another language", _translate),
    Starter("summarise", "Summarise", "One sentence for every row", _summarise),
    Starter("judge", "Judge", "A score, and the reason for it", _judge),
)


def made(name: str, dataset: Dataset) -> Contents | None:
    """Returns the contents of the named starter. None if there is no such starter, or no column."""
    starter = next((starter for starter in STARTERS if starter.name == name), None)
    return starter.make(dataset, coverage(dataset)) if starter and dataset.columns else None
