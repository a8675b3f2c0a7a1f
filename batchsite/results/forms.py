"""Forms on the page of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from batchsite.wording import many


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput({"autofocus": True}))


class RetryForm(forms.Form):
    """Which causes of failure are retried."""

    causes = forms.MultipleChoiceField(
        label="Rows that ended with",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one cause.", "invalid_choice": "That cause no longer exists."},
    )

    def __init__(
        self, data: QueryDict | None = None, *, causes: Sequence[tuple[str, int]], chosen: Sequence[str]
    ) -> None:
        known = [cause for cause, _ in causes]
        super().__init__(data, initial={"causes": [cause for cause in chosen if cause in known] or known})
        field: Any = self.fields["causes"]
        field.choices = [(cause, f"{cause}: {many(rows, 'row')}") for cause, rows in causes]
