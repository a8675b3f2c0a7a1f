"""A file comes in by the page: with a script and without, too big, empty, forged, on a full disk."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from batchsite.datasets import importer, sample, upload_guard
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import Team, User
from tests.datasets.stores import files_in
from tests.factories import make_dataset, make_member

Browser = Callable[[User], Client]
URL = "/datasets/upload"
JSON = {"Accept": "application/json"}


def tickets(data: bytes = b"id,text\n1,a\n", name: str = "tickets.csv") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, data)}


def test_a_form_leads_to_the_page_of_the_dataset(team: Team, alice: User, client_of: Browser) -> None:
    answer = client_of(alice).post(URL, tickets() | {"name": "March"})
    dataset = Dataset.objects.get()

    assert (answer.status_code, answer["Location"]) == (302, reverse("dataset", args=[dataset.pk]))
    assert (dataset.team, dataset.created_by, dataset.name) == (team, alice, "March")
    importer.import_step(dataset.pk)
    assert Dataset.objects.get().row(1) == ["1", "a"]


def test_a_script_is_told_where_the_dataset_is(alice: User, client_of: Browser) -> None:
    answer = client_of(alice).post(URL, tickets(), headers=JSON)

    assert (answer.status_code, answer.json()) == (201, {"url": reverse("dataset", args=[Dataset.objects.get().pk])})


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file first."),
        (tickets(b""), "The file is empty."),
        (tickets(b"a" * 2001), "2,001 bytes; the limit is 2,000"),
        (tickets(name="x" * 250 + ".csv") | {"name": "y" * 201}, "at most 200 characters"),
    ],
)
def test_what_cannot_be_taken_is_said_in_place(
    alice: User, client_of: Browser, settings: Settings, media: Path, sent: dict[str, Any], words: str
) -> None:
    settings.OPTIONS = dataclasses.replace(project.OPTIONS, upload_bytes=2000)
    client = client_of(alice)
    page = client.post(URL, sent)
    for file in [value for value in sent.values() if isinstance(value, SimpleUploadedFile)]:
        file.seek(0)
    script = client.post(URL, sent, headers=JSON)

    assert (page.status_code, script.status_code) == (422, 422)
    assert words in page.content.decode()
    assert words in script.json()["error"]
    assert not Dataset.objects.exists()
    assert files_in(media) == []


class Unread(TemporaryFileUploadHandler):
    """Fails the test where a byte of an upload is looked at."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("the upload was read")


@pytest.mark.parametrize("headers", [{}, JSON])
def test_an_upload_over_the_limit_is_refused_before_it_is_read(
    alice: User, client_of: Browser, settings: Settings, headers: dict[str, str]
) -> None:
    settings.OPTIONS = dataclasses.replace(project.OPTIONS, upload_bytes=1000)
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Unread"]
    answer = client_of(alice).post(URL, tickets(b"a" * (1000 + upload_guard.AROUND)), headers=headers)

    assert answer.status_code == 413
    assert "the limit is 1.0 kB" in answer.content.decode()


def test_an_upload_that_the_disk_has_no_room_for_is_refused_before_it_is_read(
    alice: User, client_of: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Unread"]
    little = shutil._ntuple_diskusage(10**12, 10**12 - upload_guard.RESERVE, upload_guard.RESERVE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    answer = client_of(alice).post(URL, tickets(), headers=JSON)

    assert answer.status_code == 507
    assert "no room" in answer.json()["error"]


class Full(TemporaryFileUploadHandler):
    """A disk that fills up while the upload comes in."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        raise OSError(28, "No space left on device")


def test_a_disk_that_fills_up_meanwhile_is_said_and_nothing_is_kept(
    alice: User, client_of: Browser, settings: Settings, media: Path
) -> None:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Full"]
    answer = client_of(alice).post(URL, tickets(), headers=JSON)

    assert answer.status_code == 507
    assert files_in(media) == []


def test_an_upload_that_breaks_off_is_no_dataset(alice: User, client_of: Browser, media: Path) -> None:
    """Where the network ends in the middle, the body simply ends; half a table must not pass for a whole one."""
    body = '--x\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\nid,text\n1,a\n2,b'
    client, kind = client_of(alice), "multipart/form-data; boundary=x"
    half = client.generic("POST", URL, body, kind, headers=JSON)

    assert half.status_code == 422
    assert not Dataset.objects.exists()
    assert files_in(media) == []
    assert client.generic("POST", URL, f"{body}\r\n--x--\r\n", kind, headers=JSON).status_code == 201


def test_a_forged_upload_is_refused(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(URL, tickets()).status_code == 403
    assert not Dataset.objects.exists()

    client.get("/datasets/")
    token = client.cookies["csrftoken"].value
    assert client.post(URL, tickets() | {"csrfmiddlewaretoken": token}).status_code == 302


def test_signed_out_nothing_is_taken(alice: User, media: Path) -> None:
    answer = Client().post(URL, tickets())

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")
    assert files_in(media) == []


def test_the_sample_comes_once(team: Team, alice: User) -> None:
    dataset = sample.take(team, alice)

    assert sample.take(team, alice) == dataset
    assert (dataset.state, dataset.name, dataset.team) == (DatasetState.READY, sample.NAME, team)
    assert dataset.row_count >= 60
    assert dataset.columns == ["id", "customer", "language", "text"]


def test_the_sample_has_what_makes_tables_hard(team: Team) -> None:
    cells = [cells for _, cells in sample.take(team, None).rows()]
    text = "".join(row[3] for row in cells)

    assert all(mark in text for mark in ('"', ",", "\n", "é", "ö"))
    assert len({row[0] for row in cells}) == len(cells)


# ---- quotas


def quotas(settings: Settings, **options: Any) -> None:
    settings.OPTIONS = dataclasses.replace(project.OPTIONS, **options)


def test_a_team_with_as_many_uploads_waiting_as_it_may_have_is_told_what_to_do(
    alice: User, charlie: User, client_of: Browser, settings: Settings
) -> None:
    quotas(settings, waiting_uploads=2)
    site = client_of(alice)
    for _ in range(2):
        assert site.post(URL, tickets()).status_code == 302
    answer = site.post(URL, tickets(), headers=JSON)

    assert (answer.status_code, Dataset.objects.count()) == (429, 2)
    assert answer.json()["error"] == (
        "Your team already has 2 uploads waiting to be read, which is the most there can be. "
        "Upload this file when some are done, or delete some."
    )
    assert client_of(charlie).post(URL, tickets()).status_code == 302, "another team has its own"
    importer.import_step(Dataset.objects.earliest("pk").pk)
    assert site.post(URL, tickets()).status_code == 302


class Beside(TemporaryFileUploadHandler):
    """Another upload of the team arrives while this one comes in."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        importer.receive(Team.objects.earliest("pk"), None, tickets()["file"])
        return super().receive_data_chunk(raw_data, start)


@pytest.mark.parametrize("limit", [{"waiting_uploads": 1}, {"team_bytes": 15}, {"daily_upload_bytes": 15}])
def test_uploads_that_arrive_at_the_same_moment_pass_no_limit_together(
    limit: dict[str, int], team: Team, alice: User, client_of: Browser, settings: Settings, media: Path
) -> None:
    quotas(settings, **limit)
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Beside"]
    answer = client_of(alice).post(URL, tickets(), headers=JSON)

    assert (answer.status_code, Dataset.objects.count(), len(files_in(media))) == (429, 1, 1)
    assert "team" in answer.json()["error"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"waiting_bytes": 1_500_000}, "Your team already has 1.0 MB waiting to be read"),
        ({"team_bytes": 1_500_000}, "Your team’s files take 1.0 MB of the 1.5 MB that it may keep"),
    ],
)
def test_bytes_that_wait_or_are_kept_are_limited_for_a_team(
    team: Team, alice: User, client_of: Browser, settings: Settings, options: dict[str, int], words: str
) -> None:
    quotas(settings, **options)
    site = client_of(alice)
    assert site.post(URL, tickets(b"a\n" + b"x\n" * 499_999)).status_code == 302
    answer = site.post(URL, tickets(b"a\n" + b"x\n" * 1_000_000))

    assert answer.status_code == 429
    assert words in answer.content.decode()
    assert site.post(URL, tickets()).status_code == 302, "a small one still fits"


def test_how_much_a_team_may_still_upload_is_said_before_it_does(
    team: Team, alice: User, client_of: Browser, settings: Settings
) -> None:
    quotas(settings, team_bytes=10_000_000)
    make_dataset(team, size=4_000_000)
    page = client_of(alice).get(reverse("datasets")).content.decode()
    assert 'data-limit="6000000"' in page
    assert "6.0 MB, as your team may keep 10 MB in all" in " ".join(page.split())


def at(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """Moves the clock to so many hours after the beginning of 1 December."""
    now = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(hours=hours)
    monkeypatch.setattr(timezone, "now", lambda: now)


def test_what_a_team_uploads_within_a_day_is_limited(
    team: Team, charlie: User, client_of: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the datasets are deleted at once, and until a day is over for so much that the next file fits."""
    quotas(settings, daily_upload_bytes=3_500_000)
    site = client_of(make_member(team))
    one = b"a\n" + b"x\n" * 750_000
    for hours in (0.5, 5.9):
        at(monkeypatch, hours)
        assert site.post(URL, tickets(one)).status_code == 302
    Dataset.objects.update(deleted_at=timezone.now())

    at(monkeypatch, 7)
    answer = site.post(URL, tickets(one + b"x\n" * 240_000), headers=JSON)
    assert (answer.status_code, Dataset.objects.count()) == (429, 2)
    assert answer.json()["error"] == (
        "Your team has uploaded 3.0 MB within 24 hours, and may upload 3.5 MB. "
        "Upload this file after 00:00 UTC on 2 December, or ask whoever runs batchsite for more."
    )
    assert client_of(charlie).post(URL, tickets(one)).status_code == 302, "another team has its own"

    at(monkeypatch, 24)
    assert site.post(URL, tickets(one + b"x\n" * 240_000)).status_code == 302


def test_many_small_uploads_and_pasted_tables_count_as_well(
    team: Team, alice: User, client_of: Browser, settings: Settings
) -> None:
    quotas(settings, daily_upload_bytes=1_000_000)
    site = client_of(alice)
    table = "id,text\n" + "1,a\n" * 124_998
    assert site.post("/datasets/paste", {"table": table, "name": "Pasted"}).status_code == 302
    assert site.post(URL, tickets(table.encode())).status_code == 302
    pasted = site.post("/datasets/paste", {"table": table, "name": "Pasted"})
    assert pasted.status_code == 422
    assert "and may upload 1.0 MB" in pasted.content.decode()
    assert site.post(URL, tickets()).status_code == 429
    assert site.post("/datasets/fetch", {"address": "https://example.org/t.csv"}).status_code == 422
    larger = site.post(URL, tickets(b"a\n" + b"x\n" * 1_100_000), headers=JSON)
    assert larger.json()["error"] == ("The file has 1.2 MB; your team may upload 1.0 MB within 24 hours. Split it.")
