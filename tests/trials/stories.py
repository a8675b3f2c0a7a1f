"""Tries as a person and a worker bring them about."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.teams.models import Team, User
from batchsite.trials import trial_start
from batchsite.trials.models import Trial, TrialAnswer
from batchsite.trials.trial_step import advance
from tests.clock import wait_until
from tests.factories import make_dataset
from tests.patience import patient
from tests.sandboxes import Sandbox

QUESTIONS = [[f"c{number}", f"Question {number}: is my card “lost”, or late?"] for number in range(1, 31)]


def a_draft(team: Team, by: User | None = None, **fields: Any) -> Batch:
    """Thirty questions, and a prompt that could be submitted."""
    dataset = make_dataset(team, ["id", "text"], QUESTIONS, name="tickets")
    batch = draft_store.new_draft(team, by, dataset)
    draft_store.save(batch, {"name": "Sorting", "prompt": "One word: {{text}}", "model": "grok-4.3", **fields})
    return batch


def against(batch: Batch, *variants: dict[str, str]) -> Batch:
    """The draft with further variants beside its own prompt."""
    draft_store.save(batch, {"variants": list(variants)})
    return batch


def tried(batch: Batch, rows: Sequence[int] = (1, 2, 3), by: User | None = None) -> Trial:
    """The rows, tried to the end."""
    return settled(trial_start.press(batch, by, rows))


def settled(trial: Trial, seconds: float = 15, *, until: str = "ended") -> Trial:
    """Take a trial to its end, or until it is held, as a worker would."""
    Trial.objects.filter(pk=trial.pk, ended_at=None).update(next_look_at=timezone.now())  # its message has come
    deadline = time.monotonic() + patient(seconds)
    while time.monotonic() < deadline:
        trial.refresh_from_db()
        if trial.ended_at or (until == "held" and trial.held_reason):
            return trial
        if trial.next_look_at and trial.next_look_at <= timezone.now():
            with contextlib.suppress(Busy, LeaseLost):
                advance(trial.pk)
        else:
            wait_until(trial.next_look_at)
    raise AssertionError(f"not {until} after {seconds} s: {states(trial)}")


def states(trial: Trial) -> list[str]:
    """By row, then variant."""
    return list(trial.answers.order_by("row", "variant").values_list("state", flat=True))


def answers(trial: Trial) -> list[TrialAnswer]:
    return list(trial.answers.order_by("row", "variant"))


def direct(sandbox: Sandbox) -> tuple[int, int]:
    """(calls, ticks) that the sandbox answered and billed outside of batches."""
    said = sandbox.admin("GET", "ledger")["direct"]
    return said["calls"], said["cost_in_usd_ticks"]
