"""What a load balancer is told: whether this process lives, and whether it can serve."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from batchsite.processes.heartbeats import beat
from tests.operations.conftest import ON_SQLITE, Place
from tests.operations.test_doctor import free_port
from tests.operations.test_pages_in_trouble import locked_for_all


@pytest.mark.django_db
def test_ready_is_200_and_tells_of_the_workers_without_a_sign_in(client: Client) -> None:
    beat("short")
    answer = client.get("/healthz")
    facts = answer.json()
    workers = facts.pop("seconds_since_a_worker_beat")
    assert (answer.status_code, facts) == (200, {"ready": True, "database": "answers", "migrations": "applied"})
    assert 0 <= workers["short"] < 5
    assert workers["long"] is None
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/healthz/live"])
def test_it_is_asked_by_address_and_in_plain_http(path: str, client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/sign-in", headers={"host": "localhost"}).status_code == 301
    assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200


@ON_SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_be_read_is_not_ready_and_live_all_the_same(client: Client) -> None:
    with locked_for_all():
        assert client.get("/healthz").status_code == 503
        assert client.get("/healthz/live").json() == {"live": True}
    assert client.get("/healthz").status_code == 200


def asked(place: Place) -> tuple[int, dict[str, Any]]:
    code = "from django.test import Client; a = Client().get('/healthz'); print(a.status_code, a.content.decode())"
    status, _, body = place.python(code).partition(" ")
    return int(status), json.loads(body)


def test_a_database_that_is_away_is_not_ready_and_its_address_is_not_told(place: Place) -> None:
    place.environ["DATABASE_URL"] = f"postgres://me@127.0.0.1:{free_port()}/batchsite"
    assert asked(place) == (503, {"ready": False, "database": "does not answer"})


def test_a_database_of_an_older_version_is_not_ready(place: Place) -> None:
    place.sql("DELETE FROM django_migrations WHERE app = 'batches'")
    status, facts = asked(place)
    assert (status, facts["ready"], facts["migrations"][-11:]) == (503, False, "are missing")
