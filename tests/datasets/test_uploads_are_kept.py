"""What comes in is kept as it came, and waits to be imported."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from batchsite.datasets import import_queue, importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.upload_limits import NotTaken
from batchsite.processes.queue import RESEND
from batchsite.teams.models import Team, User
from tests.datasets.stores import files_in

DATA = b"id,text\n1,caf\xc3\xa9\n"


def upload(data: bytes = DATA, name: str = "tickets.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "text/csv")


def test_an_upload_is_kept_byte_for_byte(team: Team, alice: User) -> None:
    dataset = importer.receive(team, alice, upload())

    with dataset.file.open("rb") as file:
        assert file.read() == DATA
    assert (dataset.name, dataset.filename, dataset.size) == ("tickets", "tickets.csv", len(DATA))
    assert (dataset.team, dataset.created_by, dataset.state) == (team, alice, DatasetState.IMPORTING)


def test_a_big_upload_is_moved_and_not_copied(team: Team, alice: User, media: Path) -> None:
    big = TemporaryUploadedFile("tickets.csv", "text/csv", len(DATA), None)
    big.write(DATA)
    big.seek(0)
    came_as = Path(big.temporary_file_path()).stat().st_ino
    dataset = importer.receive(team, alice, big)
    big.close()

    assert Path(dataset.file.path).stat().st_ino == came_as
    assert files_in(media / "incoming") == []


def test_an_upload_is_due_at_once_and_a_worker_is_told(
    team: Team,
    alice: User,
    waiting: Callable[[], dict[str, int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        dataset = importer.receive(team, alice, upload())

    dataset.refresh_from_db()
    assert dataset.next_look_at is not None
    assert dataset.next_look_at <= timezone.now() + RESEND, "should the message get lost"
    assert waiting() == {"short": 1, "long": 0}


def test_a_big_upload_waits_in_the_long_queue(team: Team, alice: User) -> None:
    small, big = upload(b"a\n" + b"x" * (import_queue.SMALL - 2)), upload(b"a\n" + b"x" * import_queue.SMALL)

    assert import_queue.job(importer.receive(team, alice, small)).queue == "short"
    assert import_queue.job(importer.receive(team, alice, big)).queue == "long"


@pytest.mark.parametrize(
    ("filename", "given", "name"),
    [
        ("tickets.csv", "", "tickets"),
        ("tickets.csv", "  March  ", "March"),
        ("tickets.2026.csv", "", "tickets.2026"),
        (".csv", "", ".csv"),
        ("x" * 250 + ".csv", "", "x" * 200),
    ],
)
def test_a_dataset_is_called_like_its_file(team: Team, filename: str, given: str, name: str) -> None:
    assert importer.receive(team, None, upload(name=filename), given).name == name


def test_what_a_file_is_called_is_no_path(team: Team, media: Path) -> None:
    dataset = importer.receive(team, None, upload(name="../../../etc/..\\passwd"))

    assert Path(dataset.file.path).is_relative_to(media / "datasets")


@pytest.mark.parametrize(("data", "words"), [(b"", "empty"), (b"x" * 101, "101 bytes; the limit is 100")])
def test_an_upload_that_is_refused_leaves_nothing_behind(
    team: Team, media: Path, settings: Settings, data: bytes, words: str
) -> None:
    settings.OPTIONS = _with_limit(100)

    with pytest.raises(NotTaken, match=words):
        importer.receive(team, None, upload(data))
    assert files_in(media) == []
    assert not Dataset.objects.exists()


def test_an_upload_that_cannot_be_written_down_leaves_nothing_behind(team: Team, media: Path) -> None:
    team.delete()

    with pytest.raises((IntegrityError, ValueError)):
        importer.receive(team, None, upload())
    assert files_in(media) == []


def test_uploads_that_were_cut_off_are_swept_up(team: Team, media: Path) -> None:
    old, young = media / "incoming" / "tmp1.upload.csv", media / "incoming" / "tmp2.upload.csv"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)

    importer.receive(team, None, upload())
    assert files_in(media / "incoming") == [young]


def test_an_upload_that_another_process_takes_meanwhile_disturbs_nobody(team: Team, media: Path) -> None:
    (media / "incoming" / "tmp1.upload.csv").symlink_to(media / "taken")  # listed, and not there any more

    assert importer.receive(team, None, upload()).pk


def test_a_file_of_this_machine_is_copied(team: Team, tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_bytes(DATA)
    dataset = importer.receive_path(team, path, "March")

    assert path.read_bytes() == DATA
    with dataset.file.open("rb") as file:
        assert file.read() == DATA
    assert (dataset.name, dataset.filename) == ("March", "tickets.csv")


def test_a_file_of_this_machine_has_the_same_limit(team: Team, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "tickets.csv"
    path.write_bytes(b"x" * 101)
    settings.OPTIONS = _with_limit(100)

    with pytest.raises(NotTaken, match="the limit is 100"):
        importer.receive_path(team, path)
    assert not Dataset.objects.exists()


def test_an_empty_file_of_this_machine_is_refused_by_its_import(team: Team, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    dataset = importer.receive_path(team, tmp_path / "empty.csv")
    importer.import_step(dataset.pk)
    dataset.refresh_from_db()

    assert (dataset.state, dataset.problems[0]["message"]) == (DatasetState.REFUSED, "The file is empty.")


def _with_limit(upload_bytes: int) -> Any:
    return dataclasses.replace(project.OPTIONS, upload_bytes=upload_bytes)
