"""What the terminal shows, and that it never blocks anything."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from batchsite.processes.terminal import Terminal


def line(level: str, says: str, source: str = "batchsite.batches") -> bytes:
    return json.dumps({"level": level, "from": source, "says": says}).encode()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (line("info", "a call took 20 ms"), ""),
        (line("warning", "the provider is slow"), "web: warning: the provider is slow\n"),
        (line("error", "no way\nTraceback (most recent call last):"), "web: error: no way\n"),
        (line("warning", "Not Found: /favicon.ico", "django.request"), ""),
        (line("error", "Internal Server Error: /", "django.request"), "web: error: Internal Server Error: /\n"),
        (line("critical", f"reincarnated worker Process-{'a1' * 16} after death"), None),
        (b"Traceback (most recent call last):", ""),
        (b'{"level": "error", "says": "cut in the mid', ""),
        (b'{"level": ["error"]}', ""),
        (b"{}", ""),
        (b"", ""),
    ],
)
def test_warnings_and_errors_are_shown_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], written: bytes, shown: str | None
) -> None:
    Terminal(tmp_path).echo("web", written)
    expected = "web: critical: reincarnated worker after death\n" if shown is None else shown
    assert capfd.readouterr().out == expected


def test_the_same_line_is_not_shown_again_and_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(tmp_path)
    for _ in range(5):
        terminal.echo("web", line("error", "disk is full"))
        terminal.echo("ticker", line("error", "disk is full"))
    assert capfd.readouterr().out == "web: error: disk is full\nticker: error: disk is full\n"


def test_the_supervisor_keeps_a_log_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Terminal(tmp_path).say("web ended by signal 9; restarting it.", "warning")
    entry = json.loads((tmp_path / "supervisor.log").read_text())
    assert (entry["level"], entry["says"]) == ("warning", "web ended by signal 9; restarting it.")
    assert capfd.readouterr().out == "web ended by signal 9; restarting it.\n"


def test_a_log_that_cannot_be_written_is_done_without(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Terminal(tmp_path / "no such folder").say("Stopped.")
    assert capfd.readouterr().out == "Stopped.\n"


def test_a_terminal_that_takes_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-S in the terminal, or `make run | less`."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with open(writer, "w") as full, open(reader):
        while True:
            try:
                os.write(writer, b"x" * 4096)
            except BlockingIOError:
                break
        os.set_blocking(writer, True)
        monkeypatch.setattr(sys, "stdout", full)
        Terminal(tmp_path).say("Stopping …")
    assert "Stopping …" in (tmp_path / "supervisor.log").read_text()


def test_a_closed_terminal_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    with open(slave, "w") as screen:
        monkeypatch.setattr(sys, "stdout", screen)
        terminal = Terminal(tmp_path)
        assert not terminal.is_gone()
        os.close(master)
        assert terminal.is_gone()
        terminal.say("Nobody sees this.")


def test_what_is_no_terminal_cannot_be_closed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert not Terminal(tmp_path).is_gone()
