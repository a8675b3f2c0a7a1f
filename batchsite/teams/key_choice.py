"""The choice of a key by its name, where a team has several."""

from __future__ import annotations

from typing import Any

from django import forms

from batchsite.teams.accounts import keys_of
from batchsite.teams.models import ProviderKey, Team


class UnknownKey(ValueError):
    """The text says which names there are."""


class KeyField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of a team's keys; the default one stands first and is chosen."""

    def __init__(self, team: Team, **attributes: str) -> None:
        keys = keys_of(team)
        widget = forms.Select(attributes)
        super().__init__(keys, label="xAI key", empty_label=None, initial=keys.first(), widget=widget, required=False)
        self.error_messages["invalid_choice"] = "This key is not there any more. Choose another."

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name_and_hint}{' (default)' if obj.is_default else ''}"


def has_choice(team: Team) -> bool:
    """Whether there is more than one key, so that it makes sense to ask."""
    return keys_of(team).count() > 1


class PayingKeyForm(forms.Form):
    """Which key pays. The page names and sends a single key, too, so that a new default cannot pay by surprise."""

    def __init__(self, team: Team, data: Any = None, *, form_id: str) -> None:
        super().__init__(data)
        typed, there = data.get("key", "") if data else "", [str(key.pk) for key in keys_of(team)]
        self.has_choice = len(there) > 1 or typed not in {"", *there}
        if self.has_choice or there:
            self.fields["key"] = KeyField(team, form=form_id)
        if there and not self.has_choice:
            self.fields["key"].widget = forms.HiddenInput({"form": form_id})

    @property
    def chosen(self) -> ProviderKey | None:
        """Returns the key that was chosen. None: what pays by default."""
        chosen: ProviderKey | None = self.cleaned_data.get("key")
        return chosen


def key_named(team: Team, name: str) -> ProviderKey | None:
    """Returns the team's key of that name; None for no name. Raises UnknownKey."""
    if not name:
        return None
    found = keys_of(team).filter(name__iexact=name).first()
    if found is None:
        names = ", ".join(f"“{key}”" for key in keys_of(team)) or "none"
        raise UnknownKey(f"{team} has no xAI key “{name}”. Its keys: {names}.")
    return found
