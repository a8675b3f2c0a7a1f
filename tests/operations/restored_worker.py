"""`python -m tests.operations.restored_worker begin|go-on`: what the processes of an installation do, in one.

`begin` leaves one batch queued, one in the middle of its chunks, one with a retry that is asked for and not sent, and
a draft with a trial that nobody has asked for yet. `go-on` takes all of them to their end, and prints what came of it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import django
from django.apps import apps

if not apps.ready:  # it runs by itself, and its tests import it
    django.setup()

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import RUNNING
from batchsite.drafts import draft_store
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission import actions, restore
from batchsite.teams.models import Team
from batchsite.trials import trial_start, trial_step
from batchsite.trials.models import Trial, TrialAnswer
from tests.factories import make_dataset
from tests.patience import patient
from tests.pipeline import drive, step_all

ROWS = 30
SENT = 10
"""Rows of the batch that is being sent."""
TRIED = (1, 2, 3)
PATIENCE = patient(60)


def begin() -> None:

    team = _team()
    failing = _draft(team, "retried")
    actions.start(failing, None, None)
    drive(failing)
    assert failing.failed == ROWS
    actions.retry(failing, None)
    half = _draft(team, "half sent")
    actions.start(half, None, None)
    _step_until(half, lambda: Submission.objects.get(batch=half).sent == SENT)
    actions.start(_draft(team, "queued"), None, None)

    trial_start.press(_draft(team, "tried"), None, TRIED)


def go_on() -> None:

    restore.begin_anew()  # as every start does
    until = time.monotonic() + PATIENCE
    while running := list(Batch.objects.filter(state__in=RUNNING)):
        assert time.monotonic() < until, [(batch.name, batch.state, batch.held_reason) for batch in running]
        for batch in running:
            step_all(batch)
    for trial in Trial.objects.filter(ended_at=None):
        with suppress(Busy, LeaseLost):
            trial_step.advance(trial.pk)
    rows = {batch.name: [batch.succeeded, batch.cost_ticks] for batch in Batch.objects.exclude(state="draft")}
    told = Batch.objects.filter(events__kind="restored").distinct().count()
    states = list(TrialAnswer.objects.order_by("row").values_list("state", flat=True))
    print(json.dumps({"rows": rows, "told": told, "tried": states}))


def _team() -> Team:

    restore.begin_anew()
    return Team.objects.create(name="Support")


def _draft(team: Team, name: str) -> Batch:

    dataset = make_dataset(team, ["text"], [[f"question {number} of {name}"] for number in range(ROWS)], name=name)
    batch = draft_store.new_draft(team, None, dataset)
    batch.name, batch.prompt, batch.model = name, "Answer {{text}}", "grok-4.3"
    batch.save()
    return batch


def _step_until(batch: Batch, is_enough: Callable[[], bool]) -> None:

    until = time.monotonic() + PATIENCE
    while not is_enough():
        assert time.monotonic() < until
        step_all(batch)


if __name__ == "__main__":
    {"begin": begin, "go-on": go_on}[sys.argv[1]]()
