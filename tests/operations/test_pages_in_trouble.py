"""The database is locked, full or away: a page in words with status 503, and the same page again when it is mended."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import Client

from batchsite.processes.outages import write_if_possible
from batchsite.results.models import Summary
from batchsite.teams.models import Membership, Team, User
from tests.operations.conftest import ON_SQLITE, Place
from tests.operations.test_doctor import free_port
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.django_db(transaction=True)
BROWSER = "Client(raise_request_exception=False, headers={'host': 'localhost'})"


@contextmanager
def a_file_of_its_own() -> Iterator[Path]:
    """This thread works on a copy: nobody else is connected to it, and it holds no empty pages."""
    name = connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        connection.close()
        connection.settings_dict["NAME"] = str(copy)
        try:
            yield copy
        finally:
            connection.close()
            connection.settings_dict["NAME"] = name


@contextmanager
def pragmas(*added: str) -> Iterator[None]:
    """Every connection that is opened meanwhile has these, too."""
    options = connection.settings_dict["OPTIONS"]
    before = dict(options)
    connection.close()
    options.update(timeout=0.2, init_command=";".join([options["init_command"].rstrip(";"), *added]))
    try:
        yield
    finally:
        options.update(before)
        connection.close()


@contextmanager
def locked_for_all() -> Iterator[None]:
    """Another process holds the whole database, against readers too."""
    with (
        a_file_of_its_own() as path,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        pragmas("PRAGMA busy_timeout=200"),
    ):
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE in_the_way (x)")
        yield


@contextmanager
def held_by_a_writer() -> Iterator[None]:
    """Another process writes and does not come to an end; readers may read."""
    with (
        a_file_of_its_own() as path,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        pragmas("PRAGMA busy_timeout=20000"),
    ):
        other.execute("PRAGMA journal_mode=WAL")  # a copy does not have it
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full() -> Iterator[None]:
    """SQLite may not grow by another page."""
    with connection.cursor() as cursor:
        [pages] = cursor.execute("PRAGMA page_count").fetchone()
    with pragmas(f"PRAGMA max_page_count={pages}"):
        yield


def words(response: Any) -> str:
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"
    page: str = response.content.decode()
    return page


@ON_SQLITE
def test_a_locked_database_is_said_and_the_page_comes_back(client_of: Callable[[User], Client], alice: User) -> None:
    browser = client_of(alice)
    browser.raise_request_exception = False
    with locked_for_all():
        page = words(browser.get("/"))
    assert "The database is busy" in page
    assert "Nothing is lost" in page
    assert "Traceback" not in page
    assert browser.get("/").status_code == 200


@ON_SQLITE
def test_a_full_database_is_said_and_what_was_sent_is_taken_later(
    client_of: Callable[[User], Client], alice: User
) -> None:
    browser = client_of(alice)
    browser.raise_request_exception = False
    file = b"id,text\n1,hello\n"
    with a_file_of_its_own(), full():
        # Names that fill pages, as there may be room left in the last ones.
        answers = [
            browser.post("/datasets/upload", {"file": SimpleUploadedFile("a.csv", file), "name": f"{n} " + "x" * 150})
            for n in range(60)
        ]
    refused = [answer for answer in answers if answer.status_code != 302]
    assert refused, "the disk was not full"
    for answer in refused:
        assert "The server&#x27;s disk is full" in words(answer)
    assert browser.post("/datasets/upload", {"file": SimpleUploadedFile("a.csv", file)}).status_code == 302


@ON_SQLITE
def test_who_only_reads_reads_on(client_of: Callable[[User], Client], alice: User, team: Team) -> None:
    """What pages write beside what they show, that somebody looked and that rows are to be summed up, can wait."""
    batch = an_ended_batch(team, alice)
    Summary.objects.all().delete()
    browser = client_of(alice)

    def seconds() -> float:
        began = time.monotonic()
        for path in ("", "batches/", f"batches/{batch.pk}", f"batches/{batch.pk}/rows/3", "datasets/", "team"):
            assert browser.get(f"/{path}").status_code == 200, path
        assert browser.get(f"/batches/{batch.pk}/download?form=csv").status_code == 200
        return time.monotonic() - began

    alone = seconds()
    Summary.objects.all().delete()
    with held_by_a_writer():
        assert seconds() < 10 + 2 * alone, "a page waited for what it could do without"
        assert not Summary.objects.exists()
    browser.get("/")
    browser.get(f"/batches/{batch.pk}")
    assert Summary.objects.filter(batch=batch, next_look_at__isnull=False).exists(), "the next page writes it"
    assert Membership.objects.get(user=alice).seen_at is not None


def test_a_mistake_in_what_is_written_on_the_side_is_no_trouble_that_passes(db: None) -> None:
    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(DatabaseError):
        write_if_possible(write)


@ON_SQLITE
def test_scripts_get_the_words_as_json(client_of: Callable[[User], Client], alice: User) -> None:
    browser = client_of(alice)
    browser.raise_request_exception = False
    with locked_for_all():
        answer = browser.get("/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"][:20]) == (503, "The database is busy")


def test_a_database_that_is_away_is_said(place: Place) -> None:
    place.environ |= {"DATABASE_URL": f"postgres://me@127.0.0.1:{free_port()}/batchsite", "BATCHSITE_HTTPS": "0"}
    place.manage("collectstatic", "--noinput")
    said = place.python(
        "from django.test import Client\n"
        f"answer = {BROWSER}.get('/')\n"
        "print(answer.status_code, answer.content.decode())"
    )
    assert said.startswith("503 ")
    assert "The database does not answer" in said


def test_a_mistake_of_ours_is_still_an_error_500(place: Place) -> None:
    """A table that is not there does not pass by itself."""
    place.environ["BATCHSITE_HTTPS"] = "0"
    place.manage("collectstatic", "--noinput")
    place.sql("DROP TABLE teams_user")
    said = place.python(
        "from django.test import Client\n"
        f"answer = {BROWSER}.get('/')\n"
        "print(answer.status_code, answer.content.decode())"
    )
    assert said.startswith("500 ")
    assert "Something went wrong" in said
