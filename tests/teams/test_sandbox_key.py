"""The sandbox of an installation has a random key of its own, which its other processes read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.exports import console
from batchsite.processes import process_plan
from batchsite.teams.accounts import AccountKind, account_of, sandbox_key
from batchsite.teams.models import Team


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA = tmp_path
    (tmp_path / "run").mkdir()
    return tmp_path


def test_key_is_read_from_the_file_of_the_sandbox(data: Path) -> None:
    (data / "run" / "sandbox.key").write_text("sandbox-random\n")
    assert sandbox_key() == "sandbox-random"
    assert account_of(Team(name="A"), AccountKind.SANDBOX, None).api_key == "sandbox-random"


def test_sandbox_started_by_hand_gets_the_default_key(data: Path) -> None:
    assert sandbox_key() == "sandbox-key"


def test_sandbox_of_the_installation_is_started_with_the_key_file(data: Path) -> None:
    (spec,) = [spec for spec in process_plan.specs(0) if spec.name == process_plan.SANDBOX]
    arguments = spec.command()
    assert arguments[arguments.index("--key-file") + 1] == str(data / "run" / "sandbox.key")


def test_sandbox_of_the_console_is_started_with_the_key_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Child:
        def __init__(self, command: list[str], **options: Any) -> None:
            started.append(command)

        def terminate(self) -> None:
            pass

        def wait(self, timeout: float) -> None:
            pass

    answers = iter([False, True])
    monkeypatch.setattr("batchsite.exports.console.subprocess.Popen", Child)
    monkeypatch.setattr(console, "_answers", lambda _url: next(answers))
    with console.sandbox_if_needed(True, lambda _line: None):
        pass
    assert started[0][started[0].index("--key-file") + 1] == str(data / "run" / "sandbox.key")
