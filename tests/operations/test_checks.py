"""Settings that would hurt are told before anything runs, with what to do."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core import checks as django_checks

from batchsite import checks
from batchsite.options import OptionError, Options
from batchsite.setup import database
from tests.operations.conftest import Place

SOUND = Options()
CLUSTER = {"name": "batchsite", "workers": 2, "queue_limit": 2, "timeout": 120}


def found() -> list[str]:
    return [str(message.id) for message in django_checks.run_checks(tags=["batchsite"])]


def with_options(settings: Any, **changed: Any) -> None:
    settings.OPTIONS = Options(**changed)


HURTING: dict[str, tuple[str, dict[str, Any]]] = {
    "an address that is none": ("batchsite.E003", {"xai_api_base": "api.x.ai"}),
    "a key sent in the clear": ("batchsite.E004", {"xai_api_base": "http://gateway.example.org/v1"}),
    "a form of requests that does not exist": ("batchsite.E005", {"xai_request_kind": "completions"}),
    "a discount above the price": ("batchsite.E006", {"xai_batch_discount": 120}),
    "no rows in a chunk": ("batchsite.E007", {"chunk_rows": 0}),
    "no batch may ever be created": ("batchsite.E007", {"creates_per_second": 0}),
    "pages that xAI does not give": ("batchsite.E008", {"page_rows": 1001}),
    "debug pages for everybody": ("batchsite.E009", {"debug": True, "bind": "0.0.0.0", "hosts": ("a.example",)}),
    "sessions in the clear": ("batchsite.W001", {"hosts": ("a.example",), "https": False, "bind": "0.0.0.0"}),
    "a site that answers to nobody": ("batchsite.W002", {"bind": "0.0.0.0"}),
    "accounts for a kind of people that there is not": ("batchsite.E014", {"sign_up": "everyone"}),
    "accounts for anyone, with e-mails of others": ("batchsite.E015", {"sign_up": "anyone"}),
    "no way in at all": ("batchsite.E016", {"oidc_only": True}),
    "single sign-on in the clear": ("batchsite.E017", {"oidc_url": "http://id.example", "oidc_client_id": "x"}),
    "single sign-on without a client": ("batchsite.E017", {"oidc_url": "https://id.example"}),
    "a role that does not exist": (
        "batchsite.E018",
        {"oidc_url": "https://id.example", "oidc_client_id": "x", "oidc_roles": ("staff=boss",)},
    ),
    "add calls above the limit": ("batchsite.W005", {"chunk_bytes": 30_000_000}),
}


@pytest.mark.parametrize(("number", "options"), list(HURTING.values()), ids=list(HURTING))
def test_a_setting_that_hurts_is_told(number: str, options: dict[str, Any], settings: Any) -> None:
    with_options(settings, **options)
    assert found() == [number]


SOUND_ONES: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "plain HTTP to this machine": {"xai_api_base": "http://127.0.0.1:8790/v1"},
    "plain HTTP to this machine by name": {"xai_api_base": "http://localhost:8790"},
    "debug on this machine": {"debug": True},
    "a site with a name behind a proxy": {"bind": "0.0.0.0", "hosts": ("a.example",)},
    "single sign-on with roles": {
        "oidc_url": "https://id.example",
        "oidc_client_id": "x",
        "oidc_roles": ("staff=member", "leads=admin"),
        "oidc_only": True,
    },
    "the biggest pages": {"page_rows": 1000},
}


@pytest.mark.parametrize("options", list(SOUND_ONES.values()), ids=list(SOUND_ONES))
def test_a_sound_setting_is_not_complained_of(options: dict[str, Any], settings: Any) -> None:
    with_options(settings, **options)
    assert found() == []


def test_up_on_loopback_would_turn_https_off_for_a_site_with_a_name(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_options(settings, hosts=("a.example",))
    monkeypatch.delenv("BATCHSITE_HTTPS")
    assert found() == ["batchsite.W001"]
    monkeypatch.setenv("BATCHSITE_HTTPS", "1")
    assert found() == []


@pytest.mark.parametrize(
    ("retry", "expected"), [(100, ["batchsite.E001"]), (359, ["batchsite.E001"]), (360, [])], ids=str
)
def test_a_message_that_comes_back_while_its_task_may_run_is_told(
    retry: int, expected: list[str], settings: Any
) -> None:
    settings.Q_CLUSTER = {**CLUSTER, "retry": retry}
    assert found() == expected


def test_the_long_queue_is_looked_at_with_its_own_figures(settings: Any) -> None:
    settings.Q_CLUSTER = {**CLUSTER, "retry": 400, "ALT_CLUSTERS": {"batchsite-long": {"timeout": 600}}}
    [message] = checks.check_queue()
    assert "Queue batchsite-long: `retry` is 400 s" in message.msg


def test_a_broker_whose_package_is_missing_is_told(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with_options(settings, redis_url="redis://localhost/0")
    monkeypatch.setitem(sys.modules, "redis", None)
    assert found() == ["batchsite.E002"]


def test_a_database_whose_package_is_missing_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OptionError, match=r"psycopg is not installed\. Install it: "):
        database("postgres://somebody@localhost/batchsite", tmp_path)


@pytest.mark.parametrize("what", [".", "secret_key"])
def test_a_data_folder_that_others_can_read_is_told(what: str, settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    tmp_path.chmod(0o700)
    (tmp_path / "secret_key").touch(0o600)
    assert found() == []
    path = (tmp_path / what).resolve()
    path.chmod(path.stat().st_mode | 0o040)
    [message] = checks.check_data_folder()
    assert (message.id, str(path) in message.msg) == ("batchsite.E010", True)
    assert message.hint == f"chmod {'600' if path.is_file() else '700'} {path}"


def test_sqlite_on_a_network_file_system_is_told(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(checks, "MOUNTS", mounts)
    settings.DATA = tmp_path / "data"
    assert found() == ["batchsite.W004"]
    mounts.write_text(f"server:/ / nfs4 rw 0 0\n/dev/sda {tmp_path} ext4 rw 0 0\n")
    assert found() == []


def test_an_error_keeps_batchsite_from_starting(place: Place) -> None:
    place.environ["BATCHSITE_PAGE_ROWS"] = "5000"
    done = place.manage("up")
    assert done.returncode == 1
    assert "batchsite.E008" in done.stderr
    assert "HINT" in done.stderr


WRONG = {
    "PORT": ("abc", "PORT must be a whole number"),
    "BATCHSITE_DATA": ("/proc/nowhere", "Check BATCHSITE_DATA."),
    "DATABASE_URL": ("mysql://a/b", "DATABASE_URL must look like postgres://"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_value_that_does_not_fit_is_one_sentence(name: str, place: Place) -> None:
    value, sentence = WRONG[name]
    place.environ[name] = value
    done = place.manage("check")
    assert done.returncode == 1
    assert done.stderr.startswith("batchsite cannot start: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_guessable_secret_keeps_it_from_starting(place: Place) -> None:
    place.environ["SECRET_KEY"] = "changeme"
    done = place.manage("up")
    assert (done.returncode, "batchsite.E011" in done.stderr) == (1, True)


def test_a_data_folder_that_others_can_read_keeps_it_from_starting(place: Place) -> None:
    place.data.mkdir(exist_ok=True)
    place.data.chmod(0o755)
    done = place.manage("up")
    assert (done.returncode, f"chmod 700 {place.data}" in done.stderr) == (1, True)


def test_a_site_that_answers_to_every_name_is_told(settings: Any) -> None:
    settings.OPTIONS = replace(SOUND, hosts=("*",), https=True)
    assert "batchsite.W006" in found()
