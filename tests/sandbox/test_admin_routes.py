"""Settings, reset, and errors of the admin routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.sandbox_settings import BadSetting, Settings, changed, from_environment
from batchsite.sandbox.world import World
from tests.sandbox.calls import INSTANT, LocalSandbox
from tests.sandbox.test_files import file_part, upload


def test_settings_can_be_read_and_changed(sandbox: LocalSandbox) -> None:
    sandbox.set(rate=50, end_token="empty")
    settings = sandbox.get("/admin/settings").json
    assert (settings["rate"], settings["end_token"], settings["delay"]) == (50, "empty", 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"speed": 1}, "There is no setting 'speed'"),
        ({"rate": -1}, "rate must be 0 or more"),
        ({"rate": "fast"}, "rate must be a number, not 'fast'"),
        ({"rate": float("nan")}, "rate must be"),
        ({"end_token": "none"}, "end_token must be one of null, empty, mixed"),
    ],
)
def test_bad_setting_is_refused_and_changes_nothing(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadSetting, match=expected):
        changed(Settings(), {"delay": 5, **changes})


def test_bad_setting_over_http_is_400(sandbox: LocalSandbox) -> None:
    before = sandbox.get("/admin/settings").json
    assert sandbox.post("/admin/settings", {"delay": 5, "rate": -1}).status == 400
    assert sandbox.post("/admin/settings", ["rate"]).status == 400
    assert sandbox.get("/admin/settings").json == before


def test_settings_survive_a_restart_but_named_ones_win(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path)
    sandbox.set(rate=50, delay=3)
    sandbox.post("/admin/advance", {"seconds": 100})
    sandbox.store.close()
    sandbox = LocalSandbox(tmp_path)
    assert (sandbox.world.settings.rate, sandbox.world.settings.time_offset) == (50, 100)
    named = World(sandbox.store, INSTANT, sandbox.clock, {"rate": 7})
    assert (named.settings.rate, named.settings.delay) == (7, 3)


def test_settings_are_read_from_the_environment() -> None:
    environ = {"SANDBOX_RATE": "20", "SANDBOX_END_TOKEN": "null", "SANDBOX_DELAY": "", "RATE": "9"}
    settings = changed(Settings(), from_environment(environ))
    assert (settings.rate, settings.end_token, settings.delay) == (20.0, "null", 0.0)


def test_reset_forgets_everything(sandbox: LocalSandbox) -> None:
    sandbox.filled(3)
    upload(sandbox, file_part(b"x"))
    sandbox.fault("status", call="models")
    sandbox.set(rate=50)
    sandbox.post("/admin/reset")
    assert sandbox.get("/v1/batches").json["batches"] == []
    assert sandbox.get("/v1/files").json["data"] == []
    assert sandbox.get("/v1/models").status == 200
    assert sandbox.get("/admin/settings").json["rate"] == 0
    assert list(sandbox.store.files.iterdir()) == []
    assert sandbox.counters(sandbox.filled(2))["num_success"] == 2


@pytest.mark.parametrize("body", [{}, {"seconds": "5"}, {"seconds": -1}, {"seconds": True}, [5]])
def test_advance_accepts_only_numbers_from_zero(sandbox: LocalSandbox, body: object) -> None:
    assert sandbox.post("/admin/advance", body).status == 400


def test_unknown_batch_is_named_in_the_error(sandbox: LocalSandbox) -> None:
    for path in ("/admin/advance", "/admin/complete"):
        response = sandbox.post(path, {"seconds": 1, "batch_id": "batch_unknown"})
        assert (response.status, response.json["error"]) == (404, "There is no batch batch_unknown.")


def test_key_can_be_put_into_a_team(sandbox: LocalSandbox) -> None:
    assert sandbox.post("/admin/keys", {"key": "sandbox-x"}).status == 400
    assert sandbox.post("/admin/keys", {"key": "sandbox-x", "team": "t"}).json == {"team": "t"}
    assert sandbox.get("/v1/api-key", key="sandbox-x").json["team_id"] == "t"
    with sandbox.store.read() as connection:
        assert "sandbox-x" not in str(connection.execute("SELECT * FROM keys").fetchall())


def test_health_needs_no_key_and_says_answers_are_simulated(sandbox: LocalSandbox) -> None:
    for path in ("/", "/healthz"):
        assert sandbox.get(path, key=None).json == {"sandbox": "ready", "answers": "simulated"}
