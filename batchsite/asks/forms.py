"""The form of a prompt that is asked once."""

from __future__ import annotations

from typing import Any

from django import forms

from batchsite.asks.ask_start import LONGEST
from batchsite.pricing.model_prices import ModelPrice, prices_for
from batchsite.teams.key_choice import KeyField, has_choice
from batchsite.teams.models import Team
from batchsite.wording import exact

EFFORTS = ("", "none", "low", "medium", "high", "xhigh")
LABELS = ("Model default", "None: answers at once", "Low", "Medium", "High", "Very high")


class AskForm(forms.Form):
    """`params()` returns the parameters that were chosen."""

    prompt = forms.CharField(
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea({"rows": 5, "dir": "auto", "spellcheck": "true"}),
        error_messages={"required": "Write a prompt first."},
    )
    system = forms.CharField(
        label="System prompt",
        required=False,
        strip=False,
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 2, "dir": "auto"}),
    )
    model = forms.ChoiceField(label="Model")
    effort = forms.ChoiceField(
        label="Reasoning effort",
        required=False,
        choices=tuple(zip(EFFORTS, LABELS, strict=True)),
        help_text="Not every model supports every effort.",
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["model"]
        field.choices = [(listed.model, _label(listed)) for listed in prices_for(team)]
        if has_choice(team) or self.data.get("key"):
            self.fields["key"] = KeyField(team)

    def params(self) -> dict[str, Any]:
        return {"reasoning_effort": self.cleaned_data["effort"] or None}


def _label(listed: ModelPrice) -> str:
    million_in, million_out = listed.input_price * 1_000_000, listed.output_price * 1_000_000
    return f"{listed.model}: {exact(million_in)} in, {exact(million_out)} out per million tokens"
