"""Uploads of a test go into a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from batchsite.datasets import importer
from batchsite.datasets.models import Dataset
from batchsite.teams.models import Team

Importer = Callable[[bytes | str], Dataset]


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    """Where uploads are kept."""
    folder = tmp_path / "uploads"
    (folder / "incoming").mkdir(parents=True)
    settings.MEDIA_ROOT = folder
    settings.FILE_UPLOAD_TEMP_DIR = folder / "incoming"
    return folder


@pytest.fixture
def received(team: Team, tmp_path: Path) -> Importer:
    """A dataset whose file has come in and is not imported yet: `received("a,b\\n1,2\\n")`."""

    def receive(data: bytes | str) -> Dataset:
        path = tmp_path / "tickets.csv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return importer.receive_path(team, path)

    return receive
