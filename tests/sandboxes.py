"""A sandbox process to lie to us, and what only its admin routes can do. Without Django."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from batchsite.options import ROOT
from tests.patience import patient


@dataclass
class Sandbox:
    """A running sandbox, and what only its admin routes can do."""

    url: str
    pid: int
    key: str = "sandbox-key"
    """Only the sandbox of an installation asks for it."""

    def __post_init__(self) -> None:
        headers = {"authorization": f"Bearer {self.key}"}
        self._sure: set[int] = set()
        """The numbers of faults that must strike."""
        self._client = httpx.Client(
            base_url=f"{self.url}/admin/", headers=headers, timeout=30, trust_env=False, verify=False
        )

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        reply = self._client.request(method, path, json=body)
        reply.raise_for_status()
        return reply.json()

    def fault(self, what: str, *, surely: bool = True, **rule: Any) -> int:
        """Script a fault; its number. `surely`: it must strike before the end of the test (`check_faults`)."""
        number = int(self.admin("POST", "faults", {"what": what, **rule})["numbers"][0])
        if surely:
            self._sure.add(number)
        return number

    def check_faults(self) -> None:
        """Raises AssertionError for a fault that is still there and never struck: its test tested something else."""
        sure, self._sure = self._sure, set()
        if sure:
            idle = [f"{rule['number']}: {rule['what']}" for rule in self._idle() if rule["number"] in sure]
            assert not idle, f"faults that never struck: {idle}"

    def mend(self) -> None:
        """No faults from now on."""
        self._sure.clear()
        self.admin("DELETE", "faults")

    def hits(self) -> int:
        """How often a scripted fault struck."""
        return sum(rule["hits"] for rule in self.admin("GET", "faults")["faults"])

    def idle_faults(self) -> list[str]:
        """Returns the scripted faults that never struck."""
        return [f"{rule['number']}: {rule['what']}" for rule in self._idle()]

    def _idle(self) -> list[dict[str, Any]]:
        return [rule for rule in self.admin("GET", "faults")["faults"] if not rule["hits"]]

    def rows(self, *, but: Container[str] = ()) -> list[dict[str, Any]]:
        """Returns what the provider has of each row in its batches, but of those with these ids, with their names."""
        return [
            {**row, "name": batch["name"]}
            for batch in self.batches()
            if batch["requests"] and batch["batch_id"] not in but
            for row in self.admin("GET", f"ledger?batch_id={batch['batch_id']}")["rows"]
        ]

    def set(self, **changes: Any) -> None:
        self.admin("POST", "settings", changes)

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock: what it does in that time is done now."""
        self.admin("POST", "advance", {"seconds": seconds})

    def complete(self) -> None:
        """Every row of every batch is answered now."""
        self.admin("POST", "complete")

    def billed(self) -> int:
        """Ticks, over all batches."""
        return int(self.admin("GET", "ledger")["totals"]["cost_in_usd_ticks"])

    def direct(self) -> list[dict[str, Any]]:
        """Every direct completion, deferred or not, oldest first: what it was called, what it cost, if it was read."""
        calls: list[dict[str, Any]] = self.admin("GET", "ledger/direct")["calls"]
        return calls

    def batches(self) -> list[dict[str, Any]]:
        """What the provider has, empty shells included, oldest first."""
        listed: list[dict[str, Any]] = self.admin("GET", "ledger")["batches"]
        return listed

    def reset(self) -> None:
        """Empty, instant, and strict: whoever adds a request again pays again (`check_books`)."""
        self._sure.clear()
        self.admin("POST", "reset")
        self.set(rate=0, delay=0, settle=0, deferred_delay=0, identical_adds="billed")


@contextlib.contextmanager
def running_sandbox(folder: Path) -> Iterator[Sandbox]:
    """A sandbox process of its own, instant unless it is told otherwise."""
    noted = folder / "port"
    command = [sys.executable, "-m", "batchsite.sandbox", "--port", "0", "--port-file", str(noted)]
    process = subprocess.Popen([*command, "--data", str(folder / "data"), "--rate", "0"], cwd=ROOT, env={**os.environ})
    try:
        deadline = time.monotonic() + patient(20)
        while not noted.exists() or not noted.read_text().strip():
            assert process.poll() is None, "the sandbox ended at once"
            assert time.monotonic() < deadline, "the sandbox did not start"
            time.sleep(0.02)
        yield Sandbox(f"http://127.0.0.1:{noted.read_text().strip()}", process.pid)
    finally:
        process.terminate()
        process.wait(10)
