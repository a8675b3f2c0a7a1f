"""What tests do with a dataset: import it, answer what its file asks; and files that ask."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
from django.utils import timezone

from batchsite.datasets import dataset_removal, importer
from batchsite.datasets.models import Dataset

LATIN = "id;name;city\n1;Müller;Zürich\n2;Café;Genève\n3;Ångström;Malmö\n".encode("cp1252")
"""Not UTF-8: which of the old code pages it is, only a person can see."""
WIDE = "id,name,city\n" + "".join(f"{number},Alice {number},Bern,yes\n" for number in range(1, 41))
"""Every row has four cells, and the header three."""


def imported(dataset: Dataset) -> Dataset:
    """One step of the worker."""
    importer.import_step(dataset.pk)
    dataset.refresh_from_db()
    return dataset


def deleted(dataset: Dataset) -> None:
    """Deletes a dataset, so long ago that it cannot be brought back."""
    dataset_removal.delete(dataset)
    past = timezone.now() - dataset_removal.UNDO
    Dataset.objects.filter(pk=dataset.pk).update(deleted_at=past, next_look_at=past)


def guesses(dataset: Dataset) -> dict[str, str]:
    """The likeliest answer to each question of the dataset."""
    return {str(one["key"]): str(one["guess"]) for one in dataset.questions}


def others(dataset: Dataset, key: str) -> list[str]:
    """The other choices of a question that was asked."""
    question = next(one["question"] for one in dataset.answers if one["key"] == key)
    return [choice["value"] for choice in question["choices"] if choice["value"] != dataset.given[key]]


def filled(values: dict[str, str]) -> dict[str, str]:
    """Answers as the form of the page sends them."""
    return {f"answer-{key}": value for key, value in values.items()}


def zipped(name: str, data: bytes) -> bytes:
    """A zip with that file in it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return target.getvalue()


def workbook(**sheets: list[list[Any]]) -> bytes:
    """An Excel file with these sheets."""
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(target)
    return target.getvalue()
