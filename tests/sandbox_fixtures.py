"""Every test of the pipeline talks to a real sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.clock import moved_clock
from tests.pipeline import SHORT, use
from tests.sandboxes import Sandbox, running_sandbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """An empty sandbox without faults, short timeouts on our side, and a clock that tests move.

    Every fault that a test scripts must strike, each by itself, unless it says otherwise.
    """
    settings.TIMEOUTS = SHORT
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=10_000, adds_per_30s=1_000_000)
    sandbox_process.reset()
    use(sandbox_process)
    with moved_clock(sandbox_process):
        yield sandbox_process
    sandbox_process.check_faults()
