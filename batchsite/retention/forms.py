"""The form of a team's retention."""

from __future__ import annotations

from django import forms

LONGEST = 3650
WORDS = f"Enter a whole number of days from 1 to {LONGEST:,}, or leave it blank."


def days_field(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text=help_text,
        widget=forms.NumberInput({"min": 1, "max": LONGEST, "inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), WORDS),
    )


class RetentionForm(forms.Form):
    """Days after which things are removed. Blank: never."""

    batches = days_field(
        "Batches, in days after they ended",
        "Their answers, prompts and files of results go with them. Drafts and running batches stay.",
    )
    datasets = days_field(
        "Datasets, in days after they were uploaded",
        "Rows and original files, once no batch and no draft uses them.",
    )
    prompts = days_field(
        "Saved prompts, in days after they were last changed",
        "All versions, once no batch and no draft uses one.",
    )
    asks = days_field(
        "Asks, in days after they ended",
        "Prompts that were asked once, with their answers.",
    )
