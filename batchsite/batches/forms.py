"""What people type about a batch. A draft keeps all of it, also what is not fit to be sent yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from batchsite.batches.drafting import Problems
from batchsite.batches.models import Batch
from batchsite.batches.offers import Offer, offers
from batchsite.templatetags.words import dollars, number

PARAMS = ("temperature", "max_completion_tokens")
BLANK_FIELDS = ("name", "prompt", "model")
"""Where nothing is typed yet, nothing is wrong yet: said below, not in red."""
LONGEST_ID_COLUMN = 300
MILLION = 1_000_000


class OfferSelect(forms.Select):
    """Models that cannot run in batches are shown, and cannot be chosen."""

    closed: frozenset[str] = frozenset()

    def create_option(
        self, name: str, value: Any, label: Any, selected: bool, *args: Any, **more: Any
    ) -> dict[str, Any]:
        option = super().create_option(name, value, label, selected, *args, **more)
        if value in self.closed and not selected:
            option["attrs"]["disabled"] = True
        return option


class ParamField(forms.CharField):
    """A parameter as a number; what is none stays as it was typed, and is named a problem by drafting."""

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "")
        try:
            found = float(text)
        except ValueError:
            return text or None
        if not math.isfinite(found):
            return text
        return int(found) if found.is_integer() and not set(text) & set(".eE") else found


def _number_input(least: int, most: int, **attributes: Any) -> forms.NumberInput:
    return forms.NumberInput({"min": least, "max": most, "inputmode": "numeric", **attributes})


def _from_to(least: int, most: int) -> dict[str, str]:
    return dict.fromkeys(("invalid", "min_value", "max_value"), f"A whole number from {least} to {most}, please.")


@dataclass(frozen=True)
class DraftField:
    """A field of a draft, and what is wrong with it."""

    field: forms.BoundField
    problems: Sequence[str]


class DraftForm(forms.Form):
    """All of a draft. `values()` are the columns to save: only what is understood, whatever else is wrong."""

    prompt = forms.CharField(
        required=False, strip=False, widget=forms.Textarea({"rows": 7, "dir": "auto", "spellcheck": "true"})
    )
    system_prompt = forms.CharField(
        label="System prompt",
        required=False,
        strip=False,
        help_text="What holds for every row: the role, the tone, the form of the answer. Columns work here, too.",
        widget=forms.Textarea({"rows": 3, "dir": "auto", "spellcheck": "true"}),
    )
    row_limit = forms.IntegerField(label="Rows", required=False)
    id_column = forms.ChoiceField(
        label="Id of a request",
        required=False,
        help_text="How a row is named at xAI and in downloads. Values must be unique: 1 to 64 of A–Z a–z 0–9 _ -.",
    )
    model = forms.CharField(label="Model", required=False, max_length=100, widget=OfferSelect())
    temperature = ParamField(
        label="Temperature",
        required=False,
        help_text="0 to 2. Empty: the model decides.",
        widget=forms.NumberInput({"min": 0, "max": 2, "step": "any", "inputmode": "decimal"}),
    )
    max_completion_tokens = ParamField(
        label="Maximum tokens",
        required=False,
        help_text="Of the visible answer. Reasoning is not capped by it, and is billed.",
        widget=_number_input(1, MILLION),
    )
    name = forms.CharField(label="Name of the batch", required=False, max_length=200)
    auto_retries = forms.IntegerField(
        label="Retry transient failures by itself, up to … times",
        required=False,
        min_value=0,
        max_value=10,
        help_text="Only causes that may pass: overloaded, rate limit, deadline exceeded, faults at xAI. 0: never.",
        widget=_number_input(0, 10),
        error_messages=_from_to(0, 10),
    )
    deadline_hours = forms.IntegerField(
        label="Deadline, in hours",
        required=False,
        min_value=1,
        max_value=720,
        help_text="After it, the batch ends with what is there. Empty: none; xAI itself gives up after 30 days.",
        widget=_number_input(1, 720),
        error_messages=_from_to(1, 720),
    )

    def __init__(self, data: QueryDict | None = None, *, batch: Batch) -> None:
        self.batch = batch
        params = {name: batch.params.get(name) for name in PARAMS}
        super().__init__(data, initial={name: getattr(batch, name, None) for name in self.base_fields} | params)
        self._fit_rows(batch.dataset.row_count)
        self._fit_ids(batch.dataset.columns)
        self._fit_models(offers(batch.team))
        for name, field in self.fields.items():
            notes = [f"id_{name}_helptext"] if field.help_text else []
            field.widget.attrs["aria-describedby"] = " ".join([*notes, f"id_{name}_error"])

    def _fit_rows(self, count: int) -> None:
        field: Any = self.fields["row_limit"]
        field.widget = _number_input(1, count, placeholder=f"all {count:,}")
        field.help_text = f"Empty: all {count:,}. Or only the first so many, to try it out."

    def _fit_ids(self, columns: Sequence[str]) -> None:
        field: Any = self.fields["id_column"]
        usable = [column for column in columns if len(column) <= LONGEST_ID_COLUMN]
        field.choices = [("", "The row’s number"), *((column, f"The column “{column}”") for column in usable)]

    def _fit_models(self, found: Sequence[Offer]) -> None:
        widget: Any = self.fields["model"].widget
        widget.choices = [("", "Choose a model"), *((offer.model, _label(offer)) for offer in found)]
        widget.closed = frozenset(offer.model for offer in found if not offer.batchable)
        if self.batch.model and self.batch.model not in {offer.model for offer in found}:
            widget.choices.append((self.batch.model, f"{self.batch.model}: not in xAI’s list of models"))

    def clean_prompt(self) -> str:
        return _lines(self.cleaned_data["prompt"])

    def clean_system_prompt(self) -> str:
        return _lines(self.cleaned_data["system_prompt"])

    def clean_row_limit(self) -> int | None:
        limit: int | None = self.cleaned_data["row_limit"]
        count = self.batch.dataset.row_count
        if limit is not None and not 1 <= limit <= count:
            raise forms.ValidationError(f"The dataset has rows 1 to {count:,}.")
        return limit

    def clean_auto_retries(self) -> int:
        return self.cleaned_data["auto_retries"] or 0

    def values(self) -> dict[str, Any]:
        """Columns of a Batch, as far as they were understood."""
        self.is_valid()
        values = {name: value for name, value in self.cleaned_data.items() if name not in PARAMS}
        params = self.batch.params | {name: self.cleaned_data[name] for name in PARAMS if name in self.cleaned_data}
        return values | {"params": {name: value for name, value in params.items() if value is not None}}

    def with_problems(self, problems: Problems, *, at_submit: bool) -> dict[str, DraftField]:
        """Every field with what is wrong there. While one types, what is still empty is not called wrong."""
        found = {}
        for name, field in self.fields.items():
            still_empty = name in BLANK_FIELDS and not getattr(self.batch, name).strip()
            words = [] if still_empty and not at_submit else problems.get(name, [])
            words = [str(error) for error in self.errors.get(name, [])] or words
            if words and at_submit:
                field.widget.attrs["aria-invalid"] = "true"
            found[name] = DraftField(self[name], words)
        return found


def _lines(text: str) -> str:
    """Browsers send line ends as CRLF; a prompt has the ones that were typed."""
    return text.replace("\r\n", "\n")


def _label(offer: Offer) -> str:
    if not offer.batchable:
        return f"{offer.model}: {offer.reason}"
    price_in, price_out = dollars(offer.batch_input_price * MILLION), dollars(offer.batch_output_price * MILLION)
    return f"{offer.model}: {_short(price_in)} in, {_short(price_out)} out per million tokens"


def _short(price: str) -> str:
    """$1.0000 as $1.00: a price has cents."""
    return price[:-2] if price.endswith("00") else price


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200)


class RetryForm(forms.Form):
    """Which failures are tried again."""

    causes = forms.MultipleChoiceField(
        label="Rows that ended with",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one cause.", "invalid_choice": "There is no such cause any more."},
    )

    def __init__(
        self, data: QueryDict | None = None, *, causes: Sequence[tuple[str, int]], chosen: Sequence[str]
    ) -> None:
        known = [cause for cause, _ in causes]
        super().__init__(data, initial={"causes": [cause for cause in chosen if cause in known] or known})
        field: Any = self.fields["causes"]
        field.choices = [(cause, f"{cause}: {number(rows)} row{'s' if rows != 1 else ''}") for cause, rows in causes]
