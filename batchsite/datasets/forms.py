"""The forms of this room: a file, and what to call it; the questions of a file; how else to read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from batchsite.datasets import file_details, web_address
from batchsite.datasets.models import Dataset
from batchsite.datasets.upload_limits import NotTaken, check_size

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".zip")
"""What the file chooser offers. The bytes decide what a file really is."""


MOST_LINE = 1_048_576
"""The last line that can be named as the header."""
_HEADED = frozenset({"header", "names", "title", "width", "below_header"})
"""Questions whose choices show the names of columns as a header, above the rows."""


class UploadForm(forms.Form):
    """An upload. How big it may be is said before it is sent, too: see `uploading`."""

    file = forms.FileField(
        label="File",
        max_length=300,
        allow_empty_file=True,
        error_messages={
            "required": "Choose a file first.",
            "max_length": "The name of the file is too long. Give it a shorter one.",
        },
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(ENDINGS)}),
    )
    name = forms.CharField(label="Name", max_length=200, required=False)

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            check_size(file.size or 0)
        except NotTaken as error:
            raise ValidationError(str(error)) from error
        return file

    def first_error(self) -> str:
        return next((str(found) for errors in self.errors.values() for found in errors), "")


class PasteForm(forms.Form):
    """A table as it was copied from a spreadsheet."""

    table = forms.CharField(
        label="Table",
        strip=False,
        error_messages={"required": "Paste a table first, with its column names in the first row."},
        widget=forms.Textarea({"rows": 6, "class": "code", "spellcheck": "false", "dir": "auto"}),
    )
    name = forms.CharField(label="Name", max_length=200, required=False, initial="Pasted table")

    def clean_table(self) -> str:
        table: str = self.cleaned_data["table"]
        if not table.strip():
            raise ValidationError(self.fields["table"].error_messages["required"])
        return table


class AddressForm(forms.Form):
    """A web address of a table; whether it can be fetched shows when it is."""

    address = forms.CharField(
        label="Web address",
        max_length=web_address.LONGEST,
        error_messages={"required": "Enter a web address first."},
        widget=forms.TextInput(
            {"inputmode": "url", "placeholder": "https://example.org/table.csv", "autocomplete": "off"}
        ),
    )


class AnswerForm(forms.Form):
    """Questions of a file as they are kept with its dataset: one field each, by its key, the likeliest preselected."""

    def __init__(
        self,
        questions: Sequence[dict[str, Any]],
        data: Mapping[str, Any] | None = None,
        *,
        chosen: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data, prefix="answer")
        self.questions = questions
        for one in questions:
            self.fields[one["key"]] = forms.ChoiceField(
                label=one["text"],
                choices=[(choice["value"], choice["label"]) for choice in one["choices"]],
                initial=(chosen or {}).get(one["key"]) or one["guess"],
                widget=forms.RadioSelect,
                error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
            )

    def asked(self) -> Iterator[tuple[dict[str, Any], forms.BoundField]]:
        """Each question with its field."""
        for one in self.questions:
            yield _in_two_parts(one, self[one["key"]].value()), self[one["key"]]


def _in_two_parts(question: dict[str, Any], chosen: Any) -> dict[str, Any]:
    """The question with its choices as `likely`, which are shown at once, and `more`, shown on demand."""
    more = [choice for choice in question["choices"] if choice.get("more") and choice["value"] != chosen]
    likely = [choice for choice in question["choices"] if choice not in more]
    return {**question, "likely": likely, "more": more, "is_headed": question["key"] in _HEADED}


class WaysForm(forms.Form):
    """How to read a file where nothing was asked: as it was understood, or as a person says."""

    def __init__(self, dataset: Dataset, data: Mapping[str, Any] | None = None, *, asked: Collection[str]) -> None:
        """Leaves out the keys in `asked`, which have a question of their own; earlier answers are preselected."""
        given, shown = dataset.given, file_details.shown(dataset)
        super().__init__(data, prefix="answer", initial=dict(given))
        for key in file_details.ways_of(dataset):
            if key not in asked:
                empty = file_details.DETECTED if key in given else shown[key]
                self.fields[key] = _way_field(dataset, key, given.get(key, ""), empty)

    def common(self) -> list[forms.BoundField]:
        return [self[key] for key in self.fields if key in file_details.COMMON_WAYS]

    def others(self) -> list[forms.BoundField]:
        return [self[key] for key in self.fields if key not in file_details.COMMON_WAYS]

    def values(self) -> dict[str, str]:
        """The answers as they are kept: text, empty where none is given."""
        return {key: "" if value is None else str(value) for key, value in self.cleaned_data.items()}


def _way_field(dataset: Dataset, key: str, given: str, empty: str) -> forms.Field:
    label = file_details.KEYS[key]
    if key == "header_line":
        line = dataset.understood.get("header_line")
        hint = {"placeholder": f"{line:,} (detected)" if line else file_details.DETECTED}
        return forms.IntegerField(
            label=label, required=False, min_value=1, max_value=MOST_LINE, widget=forms.NumberInput(attrs=hint)
        )
    ways = file_details.WAYS[key] or [(name, name) for name in dataset.understood.get("sheets", ())]
    own = [(given, given)] if given and given not in dict(ways) else []
    return forms.ChoiceField(label=label, required=False, choices=[("", empty), *own, *ways])


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput({"autofocus": True}))
