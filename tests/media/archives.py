"""Archives of pictures, made in a line."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from batchsite.datasets import importer
from batchsite.datasets.models import Dataset
from batchsite.media import file_index
from batchsite.media.models import FileIndex
from batchsite.teams.models import Team
from tests.datasets.steps import imported


def picture(width: int = 64, height: int = 48, form: str = "PNG", colour: str = "teal") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, form)
    return target.getvalue()


def archive(files: Mapping[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return target.getvalue()


def uploaded(team: Team, files: Mapping[str, bytes | str], name: str = "photos.zip") -> Dataset:
    """The archive as a dataset, imported and looked at."""
    upload = SimpleUploadedFile(name, archive(files))
    dataset = imported(importer.receive(team, None, upload))
    look_at_all(dataset)
    return dataset


def look_at_all(dataset: Dataset) -> None:
    while FileIndex.objects.filter(dataset=dataset, ended_at=None).exists():
        file_index.index_step(FileIndex.objects.get(dataset=dataset).pk)
