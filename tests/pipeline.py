"""A sandbox to lie to us, and a way to take a batch through the pipeline step by step."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone

from batchsite.batches import controlling, drafting
from batchsite.batches.models import Batch, Result
from batchsite.batches.patience import Patience
from batchsite.batches.states import RowState
from batchsite.batches.steps import advance
from batchsite.options import ROOT
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.teams.models import Team
from tests.factories import make_dataset

SHORT = Patience(
    step=5,
    call=1,
    call_retries=0,
    first_look=0,
    poll=0.02,
    poll_later=0.02,
    poll_idle=0.02,
    after_unknown=0.05,
    zero_counters=0.4,
    cancel_settles=0.4,
    results_trail=2.5,
    vanished=0.3,
    stalled=0.5,
    held_probe=0.05,
    longest=0.1,
)
"""Waiting times for tests: the proportions are those of real life, the figures are not."""


@dataclass
class Sandbox:
    """A running sandbox, and what only its admin routes can do."""

    url: str

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=f"{self.url}/admin/", timeout=30, trust_env=False, verify=False)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        reply = self._client.request(method, path, json=body)
        reply.raise_for_status()
        return reply.json()

    def fault(self, what: str, **rule: Any) -> int:
        """Script a fault; its number."""
        return int(self.admin("POST", "faults", {"what": what, **rule})["numbers"][0])

    def mend(self) -> None:
        """No faults from now on."""
        self.admin("DELETE", "faults")

    def hits(self) -> int:
        """How often a scripted fault struck."""
        return sum(rule["hits"] for rule in self.admin("GET", "faults")["faults"])

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

    def batches(self) -> list[dict[str, Any]]:
        """What the provider has, empty shells included, oldest first."""
        listed: list[dict[str, Any]] = self.admin("GET", "ledger")["batches"]
        return listed

    def reset(self) -> None:
        self.admin("POST", "reset")
        self.set(rate=0, delay=0, settle=0)


@contextlib.contextmanager
def running_sandbox(folder: Path) -> Iterator[Sandbox]:
    """A sandbox process of its own, instant unless it is told otherwise."""
    noted = folder / "port"
    command = [sys.executable, "-m", "batchsite.sandbox", "--port", "0", "--port-file", str(noted)]
    process = subprocess.Popen([*command, "--data", str(folder / "data"), "--rate", "0"], cwd=ROOT, env={**os.environ})
    try:
        deadline = time.monotonic() + 20
        while not noted.exists() or not noted.read_text().strip():
            assert process.poll() is None, "the sandbox ended at once"
            assert time.monotonic() < deadline, "the sandbox did not start"
            time.sleep(0.02)
        yield Sandbox(f"http://127.0.0.1:{noted.read_text().strip()}")
    finally:
        process.terminate()
        process.wait(10)


def make_batch(team: Team, rows: int = 20, **fields: Any) -> Batch:
    """A queued batch over `rows` short questions."""
    table = [[f"c{number}", f"Question {number}: is my card “lost”, or late?"] for number in range(1, rows + 1)]
    dataset = make_dataset(team, ["id", "text"], table, name="tickets")
    batch = drafting.new_draft(team, None, dataset)
    for name, value in {"prompt": "Answer in one word: {{text}}", "model": "grok-4.3", **fields}.items():
        setattr(batch, name, value)
    batch.save()
    controlling.start(batch, None)
    batch.refresh_from_db()
    return batch


def drive(batch: Batch, seconds: float = 20, *, until: str = "") -> Batch:
    """Take the batch to its end, to the state `until`, or until it is held, as a worker would.

    Whoever waits for longer than `seconds` has found a hang.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        batch.refresh_from_db()
        if batch.state == until or not batch.is_running or (until == "held" and batch.held_reason):
            return batch
        step_all(batch)
    raise AssertionError(f"still {batch.state} after {seconds} s: {story(batch)}")


def half_done(batch: Batch, sandbox: Sandbox) -> Batch:
    """The batch, sent and read up to about the middle, and standing still there: a row a minute from now on."""
    sandbox.set(rate=1 / 60)
    drive(batch, until="processing")
    sandbox.advance(30 * batch.total)
    while not batch.succeeded:
        step_all(batch)
        batch.refresh_from_db()
    return batch


def step_all(batch: Batch) -> None:
    """One step of every submission that is due."""
    due = list(batch.submissions.filter(next_look_at__lte=timezone.now()))
    for submission in due:
        with contextlib.suppress(Busy, LeaseLost):
            advance(submission.pk)
    if not due:
        time.sleep(0.005)


def story(batch: Batch) -> list[str]:
    """The timeline, for people and for assertions."""
    return [
        f"{event.kind}: {event.text}" + (f" ({event.detail})" if event.detail else "")
        for event in batch.events.order_by("pk")
    ]


def check_books(batch: Batch, sandbox: Sandbox) -> None:
    """No row lost, no row paid for twice: counters, rows and the provider's ledger agree to the tick."""
    batch.refresh_from_db()
    results = list(Result.objects.filter(batch=batch))
    counted = {str(state): sum(result.state == state for result in results) for state in RowState}
    assert batch.succeeded == counted["succeeded"]
    assert batch.failed == counted["failed"]
    assert batch.cancelled == counted["cancelled"]
    assert batch.missing == counted["missing"]
    assert counted["pending"] == 0
    assert sorted(result.row for result in results) == list(range(1, batch.total + 1))
    assert all(result.answer for result in results if result.state == RowState.SUCCEEDED)
    assert all(result.error and result.cause for result in results if result.state != RowState.SUCCEEDED)
    assert batch.cost_ticks == sum(result.cost_ticks for result in results)
    assert batch.cost_ticks == sum(submission.cost_ticks for submission in batch.submissions.all())
    assert batch.cost_ticks == sandbox.billed(), sandbox.batches()


def use(sandbox: Sandbox) -> None:
    """Let this installation find the sandbox."""
    folder = Path(settings.DATA) / "run"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sandbox.port").write_text(sandbox.url.rsplit(":", 1)[1])
