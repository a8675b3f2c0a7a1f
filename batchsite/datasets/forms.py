"""The one form of this room: a file, and what to call it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from batchsite.datasets.intake import NotTaken, check_size


class UploadForm(forms.Form):
    """An upload. How big it may be is said before it is sent, too: see `uploading`."""

    file = forms.FileField(
        label="File",
        max_length=300,
        allow_empty_file=True,
        error_messages={
            "required": "Choose a CSV file first.",
            "max_length": "The name of the file is too long. Give it a shorter one.",
        },
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/tab-separated-values"}),
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
