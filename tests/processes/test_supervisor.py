"""Children that end are restarted with growing delays, and the terminal says so."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from batchsite.options import is_loopback
from batchsite.processes.children import EARLY, LONGEST_WAIT, Child, Spec
from batchsite.processes.listener import CannotListen, address, listen, reachable
from batchsite.processes.readiness import Readiness
from batchsite.processes.supervisor import AT_ONCE, Supervisor
from batchsite.processes.terminal import Terminal
from batchsite.processes.watchdog import DatabaseWatch
from tests.patience import patient
from tests.running import wait_for

BROKEN = [sys.executable, "-c", "import sys; sys.exit('the model of the camera is unknown')"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "log").mkdir()
    return tmp_path


def make_child(data: Path, command: list[str]) -> Child:
    return Child(Spec("camera", lambda: command), data)


@pytest.fixture
def supervise(data: Path) -> Callable[[Child], Supervisor]:
    """A supervisor of one child, whose turns the test makes."""

    def made(child: Child) -> Supervisor:
        return Supervisor(
            children=[child],
            watches=[],
            database=DatabaseWatch(data / "run", time.monotonic()),
            readiness=Readiness(("127.0.0.1", 9)),
            welcome=[],
            terminal=Terminal(data / "log"),
            run_folder=data / "run",
        )

    return made


def end_once(child: Child) -> tuple[int, float, float]:
    """(exit status, seconds until it may start again at least, and at most), as the wait began while we looked."""
    child.start()
    while True:
        before = time.monotonic()
        status = child.ended()
        if status is not None:
            return int(status), child.start_at - time.monotonic(), child.start_at - before
        time.sleep(0.02)


@pytest.mark.processes
def test_a_child_that_ends_at_once_is_tried_later_and_later(data: Path) -> None:
    child = make_child(data, ["false"])
    for seconds in (0.5, 1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT):
        status, least, most = end_once(child)
        assert status == 1
        assert least <= seconds <= most


@pytest.mark.processes
def test_a_child_that_had_run_for_a_while_is_started_again_at_once(data: Path) -> None:
    child = make_child(data, ["false"])
    for _ in range(4):
        end_once(child)
    child.start()
    child.started -= EARLY + 1
    wait_for(lambda: child.ended() is not None, 10)
    assert child.start_at - time.monotonic() < 1


@pytest.mark.processes
def test_what_is_wrong_with_a_child_that_never_comes_up_is_said_in_words(
    data: Path, supervise: Callable[[Child], Supervisor], capfd: pytest.CaptureFixture[str]
) -> None:
    child = make_child(data, BROKEN)
    supervisor = supervise(child)
    until = time.monotonic() + patient(20)
    while child.early_ends < AT_ONCE + 1 and time.monotonic() < until:
        supervisor.look_after_all(time.monotonic() + 1000)  # so that no wait is too long
        time.sleep(0.02)
    said = capfd.readouterr().out
    assert said.count("camera ended with exit code 1; restarting it.") == AT_ONCE - 1
    assert said.count(f"camera ended right after its start {AT_ONCE} times in a row, now with exit code 1.") == 1
    assert said.rstrip().endswith("the model of the camera is unknown")


@pytest.mark.processes
def test_a_command_that_does_not_exist_is_said_and_tried_again(
    data: Path, supervise: Callable[[Child], Supervisor], capfd: pytest.CaptureFixture[str]
) -> None:
    child = make_child(data, ["/no/such/command"])
    supervise(child).look_after_all(time.monotonic())
    assert "camera cannot be started: [Errno 2] No such file or directory" in capfd.readouterr().out
    assert child.start_at > time.monotonic()


@pytest.mark.processes
def test_what_a_dead_child_left_in_its_group_is_killed(data: Path) -> None:
    """A cluster whose main process was killed would go on working headless."""
    script = "import os, time; print(os.fork() or time.sleep(60), flush=True)"
    child = make_child(data, [sys.executable, "-c", script])
    end_once(child)
    orphan = int(child.log.last_lines(1)[0])
    wait_for(lambda: "Z" in _state(orphan), 5)


def _state(pid: int) -> str:
    """The letter of the process's state; Z when it is gone altogether."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def test_a_taken_port_says_what_to_do() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Port {port} is taken .* PORT={port + 1} make run"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("bind", ["203.0.113.7", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_says_what_to_check(bind: str) -> None:
    with pytest.raises(CannotListen, match="Check BATCHSITE_BIND and PORT"):
        listen(bind, 8000)


@pytest.mark.parametrize(("bind", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_is_one_that_a_browser_here_can_open(bind: str, shown: str) -> None:
    if ":" in bind and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with listen(bind, 0) as listener:
        host, port = reachable(listener)
        assert address(listener) == f"http://{shown}:{port}"
        socket.create_connection((host, port)).close()


@pytest.mark.parametrize(
    ("bind", "only_here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("web", False)],
)
def test_plain_http_is_for_addresses_that_only_this_machine_reaches(bind: str, only_here: bool) -> None:
    assert is_loopback(bind) is only_here
