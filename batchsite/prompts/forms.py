"""Forms about saved prompts."""

from __future__ import annotations

from django import forms


class KeepForm(forms.Form):
    """The name under which a prompt is saved, and a comment on this version."""

    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="An existing name gets a new version.",
        error_messages={"required": "Give the prompt a name."},
    )
    comment = forms.CharField(label="What changed", required=False, max_length=200)


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput({"autofocus": True}))
