"""Starting, stopping and killing the sandbox (marker: processes)."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from batchsite.sandbox.__main__ import main, parse_faults
from batchsite.sandbox.store import Store
from tests.patience import patient
from tests.sandbox.calls import chat_requests, ids
from tests.sandbox.processes import ROOT, Process, command

pytestmark = pytest.mark.processes


def create(process: Process, name: str = "x") -> str:
    return str(process.client.post("/v1/batches", json={"name": name}).json()["batch_id"])


def requests(process: Process, batch_id: str) -> list[str]:
    read: list[str] = []
    token = ""
    while True:
        query = {"limit": "1000"} | ({"pagination_token": token} if token else {})
        page = process.client.get(f"/v1/batches/{batch_id}/requests", params=query).json()
        read += ids(page["batch_request_metadata"])
        token = page["pagination_token"]
        if not token:
            return read


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Starts a sandbox in this process, which must fail, and returns its error message."""

    def start(data: Path, *options: str) -> str:
        assert main(["--data", str(data), *options]) == 2
        return capsys.readouterr().err

    return start


def test_start_prints_one_line_and_stop_is_immediate(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        assert process.client.get("/v1/models").status_code == 200
        started = time.monotonic()
        code, out, err = process.stop()
        assert time.monotonic() - started < patient(2)
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
        assert time.monotonic() - started < patient(4)


def test_state_survives_a_restart(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        batch_id = create(process)
        process.client.post(f"/v1/batches/{batch_id}/requests", json={"batch_requests": chat_requests(50)})
        file_id = process.client.post("/v1/files", files={"file": b"line\n"}).json()["id"]
        process.client.post("/admin/settings", json={"delay": 3})
        before = process.client.get(f"/v1/batches/{batch_id}/results").json()
        process.stop()
        process.start()
        assert process.client.get(f"/v1/batches/{batch_id}/results").json() == before
        assert process.client.get(f"/v1/files/{file_id}/content").content == b"line\n"
        assert process.client.get("/admin/settings").json()["delay"] == 3


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Kills the process three times while requests are being added."""
    with Process(tmp_path / "data") as process:
        batch_id = create(process)
        acknowledged: set[str] = set()
        first = 1
        for kill in range(3):
            stopper = threading.Timer(0.15 + 0.1 * kill, process.kill)
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
        items = chat_requests(20, first=first)
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
    assert parse_faults(f"@{script}") == parse_faults(script.read_text()) == [orjson.loads(script.read_text())[0]]
    with Process(tmp_path / "data", environ={"SANDBOX_FAULTS": f"@{script}"}) as process:
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
def test_host_that_is_not_loopback_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--data", str(tmp_path), "--host", host])
    assert f"{host} is not a loopback address; use 127.0.0.1." in capsys.readouterr().err


def test_second_sandbox_in_a_folder_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    store = Store(tmp_path)
    assert "Another sandbox is using" in refusal(tmp_path)
    store.close()


def test_port_in_use_is_refused(tmp_path: Path) -> None:
    """In a process of its own, to see the exit code and that nothing else is printed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = command(tmp_path, "--port", str(taken.getsockname()[1]))
        ended = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=patient(20), check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("The sandbox cannot start:")
    assert "in use" in ended.stderr


def test_bad_settings_are_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    assert "rate must be 0 or more" in refusal(tmp_path, "--rate", "-1")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("{oops", "SANDBOX_FAULTS is not JSON"),
        ('{"what": "flood"}', "'flood' is not a fault"),
        ("@/missing", "missing"),
    ],
)
def test_bad_faults_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Callable[..., str], script: str, message: str
) -> None:
    monkeypatch.setenv("SANDBOX_FAULTS", script)
    assert message in refusal(tmp_path)
