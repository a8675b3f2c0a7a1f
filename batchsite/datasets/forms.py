"""The forms of this room: a file, and what to call it; the questions of a file; how else to read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from batchsite.datasets import file_details
from batchsite.datasets.importer import NotTaken, check_size
from batchsite.datasets.models import Dataset

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".zip")
"""What the file chooser shows. What a file really is shows in its bytes."""


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
            yield one, self[one["key"]]


class TextForm(forms.Form):
    """How to read a delimited text where nothing was asked: as it was understood, or as a person says."""

    def __init__(self, dataset: Dataset, data: Mapping[str, Any] | None = None, *, leave: Collection[str]) -> None:
        """Without the fields to `leave`, as there is a question about them; what was given is preselected."""
        given, shown = dataset.given, file_details.shown(dataset)
        super().__init__(data, prefix="answer", initial=dict(given))
        for key, ways in file_details.WAYS.items():
            own = [(given[key], given[key])] if key in given and given[key] not in dict(ways) else []
            if key not in leave:
                choices = [("", "Detected automatically" if key in given else shown[key]), *own, *ways]
                self.fields[key] = forms.ChoiceField(label=file_details.KEYS[key], required=False, choices=choices)
