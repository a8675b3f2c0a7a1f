"""Starting, stopping and killing the sandbox (marker: processes)."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.calls import asks, ids
from tests.sandbox.processes import ROOT, Process, command

pytestmark = pytest.mark.processes


def create(process: Process, name: str = "x") -> str:
    return str(process.client.post("/v1/batches", json={"name": name}).json()["batch_id"])


def requests(process: Process, batch_id: str) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        query = {"limit": "1000"} | ({"pagination_token": token} if token else {})
        page = process.client.get(f"/v1/batches/{batch_id}/requests", params=query).json()
        found += ids(page["batch_request_metadata"])
        token = page["pagination_token"]
        if not token:
            return found


def refused(data: Path, *options: str) -> str:
    """What a sandbox says that does not start."""
    ended = subprocess.run(command(data, *options), cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    return ended.stderr


def test_start_prints_one_line_and_stop_is_immediate(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        assert process.client.get("/v1/models").status_code == 200
        started = time.monotonic()
        code, out, err = process.stop()
        assert time.monotonic() - started < 2
        assert (code, err) == (0, "")
        assert out == f"The sandbox answers at http://127.0.0.1:{process.port}/v1 with simulated results.\n"


def test_ctrl_c_stops_it(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        code, _, err = process.stop(signal.SIGINT)
        assert (code, err) == (0, "")


def test_scripted_time_out_does_not_delay_the_stop(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        process.client.post("/admin/faults", json={"what": "timeout", "call": "models", "seconds": 60})
        with pytest.raises(httpx.ReadTimeout):
            process.client.get("/v1/models", timeout=0.2)
        started = time.monotonic()
        assert process.stop()[0] == 0
        assert time.monotonic() - started < 4


def test_state_survives_a_restart(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        batch_id = create(process)
        process.client.post(f"/v1/batches/{batch_id}/requests", json={"batch_requests": asks(50)})
        file_id = process.client.post("/v1/files", files={"file": b"line\n"}).json()["id"]
        process.client.post("/admin/settings", json={"delay": 3})
        before = process.client.get(f"/v1/batches/{batch_id}/results").json()
        process.stop()
        process.start()
        assert process.client.get(f"/v1/batches/{batch_id}/results").json() == before
        assert process.client.get(f"/v1/files/{file_id}/content").content == b"line\n"
        assert process.client.get("/admin/settings").json()["delay"] == 3


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Adds run while the process is killed, five times over."""
    with Process(tmp_path / "data") as process:
        batch_id = create(process)
        acknowledged: set[str] = set()
        first = 1
        for kill in range(5):
            stopper = threading.Timer(0.15 + 0.07 * kill, process.kill)
            stopper.start()
            first = add_until_it_dies(process, batch_id, first, acknowledged)
            stopper.join()
            process.start()
        present = requests(process, batch_id)
        assert acknowledged <= set(present)
        assert len(acknowledged) > 100
        assert len(present) % 20 == 0, "part of a call was admitted"
        state = process.client.get(f"/v1/batches/{batch_id}").json()["state"]
        assert state["num_requests"] == state["num_success"] == len(present)


def add_until_it_dies(process: Process, batch_id: str, first: int, acknowledged: set[str]) -> int:
    while True:
        items = asks(20, first=first)
        first += 20
        try:
            reply = process.client.post(f"/v1/batches/{batch_id}/requests", json={"batch_requests": items})
        except httpx.TransportError:
            return first
        assert reply.content == b"null"
        acknowledged.update(ids(items))


def test_faults_can_come_from_the_environment_as_json_or_a_file(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text('[{"what": "status", "call": "models", "status": 529, "times": 1}]')
    for index, value in enumerate((script.read_text(), f"@{script}")):
        with Process(tmp_path / f"data{index}", environ={"SANDBOX_FAULTS": value}) as process:
            assert [process.client.get("/v1/models").status_code for _ in range(2)] == [529, 200]
            process.kill()
            process.start()
            assert process.client.get("/v1/models").status_code == 200


def test_command_line_overrides_settings_from_the_environment(tmp_path: Path) -> None:
    environ = {"SANDBOX_RATE": "7", "SANDBOX_END_TOKEN": "null"}
    with Process(tmp_path / "data", "--rate", "9", "--delay", "1", environ=environ) as process:
        settings: dict[str, Any] = process.client.get("/admin/settings").json()
        assert (settings["rate"], settings["delay"], settings["end_token"]) == (9, 1, "null")
        process.client.post("/admin/settings", json={"rate": 5})
        process.client.post("/admin/reset")
        assert process.client.get("/admin/settings").json()["rate"] == 9


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com"])
def test_host_that_is_not_loopback_is_refused(tmp_path: Path, host: str) -> None:
    assert f"{host} is not a loopback address; use 127.0.0.1." in refused(tmp_path, "--host", host)


def test_second_sandbox_in_a_folder_is_refused(tmp_path: Path) -> None:
    with Process(tmp_path / "data"):
        assert "Another sandbox is using" in refused(tmp_path / "data")


def test_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused(tmp_path, "--port", str(taken.getsockname()[1]))
    assert said.startswith("The sandbox cannot start:")
    assert "in use" in said


def test_bad_settings_and_faults_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "rate must be 0 or more" in refused(tmp_path, "--rate", "-1")
    monkeypatch.setenv("SANDBOX_FAULTS", "{oops")
    assert "SANDBOX_FAULTS is not JSON" in refused(tmp_path)
    monkeypatch.setenv("SANDBOX_FAULTS", '{"what": "flood"}')
    assert "'flood' is no fault" in refused(tmp_path)
