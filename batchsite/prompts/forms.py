"""What people type about a kept prompt."""

from __future__ import annotations

from django import forms


class KeepForm(forms.Form):
    """Under which name a prompt is kept, and what this version is about."""

    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="A name that is there already gets a new version.",
        error_messages={"required": "Give the prompt a name."},
    )
    comment = forms.CharField(label="What is new in it", required=False, max_length=200)


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput({"autofocus": True}))
