"""Forms on the page of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from batchsite.pricing.raised_caps import RaisedCap
from batchsite.teams.accounts import Account
from batchsite.wording import dollars, many


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput({"autofocus": True}))


class KeyMoveForm(forms.Form):
    """Which account a batch moves to, by its mark. Without a choice to make it is the only one."""

    to = forms.ChoiceField(label="Key", widget=forms.RadioSelect)

    def __init__(self, accounts: Mapping[str, Account], data: QueryDict | None = None) -> None:
        super().__init__(data)
        field: Any = self.fields["to"]
        field.choices = [(mark, account.words[:1].upper() + account.words[1:]) for mark, account in accounts.items()]
        if len(accounts) == 1:
            field.required, field.widget = False, forms.HiddenInput()
        self._only = next(iter(accounts), "")

    def clean_to(self) -> str:
        return self.cleaned_data["to"] or self._only


class LongerAnswersForm(forms.Form):
    """Whether answers that were cut off get more room. Without a choice to make, the field is left out."""

    output_cap = forms.TypedChoiceField(
        label="Token limit of an answer in this retry",
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: QueryDict | None = None, *, caps: Sequence[RaisedCap], **options: Any) -> None:
        super().__init__(data, **options)
        field: Any = self.fields["output_cap"]
        field.choices = [
            *((cap.output_cap, _offer(cap)) for cap in caps),
            ("", "The same as before: likely cut off again"),
        ]
        field.initial = caps[0].output_cap if caps else ""
        if not caps:
            del self.fields["output_cap"]

    @property
    def chosen_cap(self) -> int | None:
        """The cap that was chosen. None for the same as before."""
        chosen: int | None = self.cleaned_data.get("output_cap")
        return chosen


def _offer(cap: RaisedCap) -> str:
    rows = "the answer that was cut off" if cap.rows == 1 else f"the {cap.rows:,} answers that were cut off"
    price = "the price of the model is not known" if cap.most is None else f"{rows}: up to about {dollars(cap.most)}"
    return f"{cap.output_cap:,} tokens; {price}"


class RetryForm(LongerAnswersForm):
    """Which causes of failure are retried, and whether live. Without a price of that, the field is left out."""

    live = forms.BooleanField(required=False)
    causes = forms.MultipleChoiceField(
        label="Rows that ended with",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one cause.", "invalid_choice": "That cause no longer exists."},
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        causes: Sequence[tuple[str, str, int]],
        chosen: Sequence[str],
        caps: Sequence[RaisedCap] = (),
        live_label: str = "",
    ) -> None:
        known = [cause for cause, _, _ in causes]
        super().__init__(data, caps=caps, initial={"causes": [cause for cause in chosen if cause in known] or known})
        field: Any = self.fields["causes"]
        field.choices = [(cause, f"{label}: {many(rows, 'row')}") for cause, label, rows in causes]
        self.fields["live"].label = live_label
        if not live_label:
            del self.fields["live"]

    @property
    def runs_live(self) -> bool | None:
        """Whether the rows run live. None: as their batch does."""
        return self.cleaned_data.get("live")
