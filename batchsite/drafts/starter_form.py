"""What a starter prompt asks before it writes: which column, and which labels or which language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from batchsite.datasets.models import Dataset
from batchsite.drafts.starter_prompts import Answers, Starter, text_column
from batchsite.pricing.coverage import coverage, values_of
from batchsite.recipes.shape_fields import LONGEST_VALUE, MOST_VALUES
from batchsite.wording import many

OWN = ""
"""The choice of labels that a person types."""
LABELS_OFFERED = 6
"""Most columns whose values are offered as labels."""


class StarterForm(forms.Form):
    """The questions of one starter; `answers()` returns what was answered once it is valid."""

    column = forms.ChoiceField(label="Column", error_messages={"invalid_choice": "Choose one of the columns."})
    labels_from = forms.ChoiceField(label="Labels", required=False, widget=forms.RadioSelect())
    labels = forms.CharField(
        label="Labels, one per line", required=False, widget=forms.Textarea({"rows": 4, "dir": "auto"})
    )
    language = forms.CharField(label="Into which language?", max_length=60, initial="English")

    def __init__(self, starter: Starter, dataset: Dataset, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.starter, self.dataset = starter, dataset
        filled = coverage(dataset)
        text = text_column(filled)
        column: Any = self.fields["column"]
        column.label, column.initial = starter.question, text.name
        column.choices = [(name, name) for name in dataset.columns]
        offered = [known for known in filled.columns if known.repeats and known is not text][:LABELS_OFFERED]
        self._offer_labels([(known.name, known.distinct or 0) for known in offered])
        unasked = {"labels": ("language",), "language": ("labels_from", "labels")}
        for name in unasked.get(starter.asks, ("labels_from", "labels", "language")):
            del self.fields[name]

    def _offer_labels(self, known: list[tuple[str, int]]) -> None:
        choice: Any = self.fields["labels_from"]
        choice.choices = [
            *((name, f"The {many(count, 'value')} of the column “{name}”") for name, count in known),
            (OWN, "My own labels"),
        ]
        choice.initial = known[0][0] if known else OWN

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "labels" in self.fields and "labels_from" in cleaned:
            try:
                cleaned["labels"] = self._labels(cleaned["labels_from"], cleaned.get("labels", ""))
            except ValueError as error:
                self.add_error("labels" if cleaned["labels_from"] == OWN else "labels_from", str(error))
        return cleaned

    def _labels(self, column: str, typed: str) -> tuple[str, ...]:
        """Returns the labels, without repeats. Raises ValueError with a sentence."""
        if column != OWN:
            return tuple(values_of(self.dataset, column)[0])
        labels = tuple(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()))
        if len(labels) < 2:
            raise ValueError("Enter at least two labels, each on its own line.")
        if len(labels) > MOST_VALUES:
            raise ValueError(f"Enter at most {MOST_VALUES} labels.")
        if any(len(label) > LONGEST_VALUE for label in labels):
            raise ValueError(f"A label has at most {LONGEST_VALUE} characters.")
        return labels

    def answers(self) -> Answers:
        """Returns what was answered. The form is valid."""
        given = self.cleaned_data
        return Answers(given["column"], given.get("labels") or (), given.get("language", ""))
