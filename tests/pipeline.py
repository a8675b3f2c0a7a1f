"""A way to take a batch through the pipeline step by step, against a sandbox that may lie."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, ExtraAnswer, Result
from batchsite.batches.states import RowState
from batchsite.drafts import draft_store
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission import actions
from batchsite.submission.steps import advance
from batchsite.teams.models import Team
from batchsite.timeouts import PipelineTimeouts
from tests.clock import wait_until
from tests.factories import make_dataset
from tests.patience import patient
from tests.sandboxes import Sandbox

SHORT = PipelineTimeouts(
    step=5,
    call=1,
    call_retries=0,
    completion=1,
    first_look=0,
    poll=0.1,
    poll_later=0.1,
    poll_idle=0.1,
    after_unknown=0.05,
    look_twice=0.05,
    zero_counters=0.4,
    cancel_settles=0.4,
    results_trail=1.2,
    vanished=0.3,
    deferred_after_cancel=60,
    unmoved=0.5,
    stalled=0.5,
    held_probe=0.05,
    longest=0.1,
)
"""Waiting times for tests, whose clock is moved. But for `after_unknown` the proportions are those of real life: a call
that takes a real second is given up and looked for at once. Where many rows go in one call, `call` must be longer."""


def make_batch(team: Team, rows: int = 20, **fields: Any) -> Batch:
    """A queued batch over `rows` short questions."""
    table = [[f"c{number}", f"Question {number}: is my card “lost”, or late?"] for number in range(1, rows + 1)]
    dataset = make_dataset(team, ["id", "text"], table, name="tickets")
    batch = draft_store.new_draft(team, None, dataset)
    for name, value in {"prompt": "Answer in one word: {{text}}", "model": "grok-4.3", **fields}.items():
        setattr(batch, name, value)
    batch.save()
    actions.start(batch, None, None)
    batch.refresh_from_db()
    return batch


def drive(batch: Batch, seconds: float = 20, *, until: str = "") -> Batch:
    """Take the batch to its end, to the state `until`, or until it is held, as a worker would.

    After `seconds` of this process's own time it has found a hang: waiting takes none of it, nor do other processes.
    """
    deadline = time.process_time() + patient(seconds)
    while time.process_time() < deadline:
        batch.refresh_from_db()
        if batch.state == until or not batch.is_running or (until == "held" and batch.held_reason):
            return batch
        step_all(batch)
    raise AssertionError(f"still {batch.state} after {patient(seconds):g} s: {story(batch)}")


def step_until(batch: Batch, is_enough: Callable[[Batch], object], seconds: float = 20) -> Batch:
    """Step by step until the batch, as it is in the database, is as wanted; `seconds` as in `drive`."""
    deadline = time.process_time() + patient(seconds)
    while time.process_time() < deadline:
        batch.refresh_from_db()
        if is_enough(batch):
            return batch
        step_all(batch)
    raise AssertionError(f"not yet after {patient(seconds):g} s, but {batch.state}: {story(batch)}")


def half_done(batch: Batch, sandbox: Sandbox) -> Batch:
    """The batch, sent and read up to about the middle, and standing still there: a row a minute from now on."""
    sandbox.set(rate=1 / 60)
    drive(batch, until="processing")
    sandbox.advance(30 * batch.total)
    return step_until(batch, lambda batch: batch.succeeded)


def step_all(batch: Batch) -> None:
    """One step of every submission that is due. If none is, it is soon: see `tests.clock`."""
    due = list(batch.submissions.filter(next_look_at__lte=timezone.now()).order_by("pk"))
    for submission in due:
        with contextlib.suppress(Busy, LeaseLost):
            advance(submission.pk)
    if not due:
        wait_until(batch.submissions.aggregate(next=Min("next_look_at"))["next"])


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
    assert batch.skipped == counted["skipped"]
    assert batch.misfits == sum(bool(result.misfit) for result in results)
    assert counted["pending"] == 0
    assert sorted(result.row for result in results) == list(batch.rows)
    assert batch.total == len(batch.rows)
    assert all(result.answer for result in results if result.state == RowState.SUCCEEDED)
    assert all(result.error for result in results if result.state != RowState.SUCCEEDED)
    assert all(result.cause for result in results if result.state not in {RowState.SUCCEEDED, RowState.SKIPPED})
    assert not ExtraAnswer.objects.filter(submission__batch=batch).exists(), "xAI billed a row twice"
    assert batch.cost_ticks == sum(result.cost_ticks for result in results)
    kept = sum(result.cost_ticks for result in results if result.submission_id is None)
    assert batch.cost_ticks == kept + sum(submission.cost_ticks for submission in batch.submissions.all())
    assert batch.cost_ticks == kept + sandbox.billed(), sandbox.batches()
    _check_rows(batch, results, sandbox)


def _check_rows(batch: Batch, results: Sequence[Result], sandbox: Sandbox) -> None:
    """Row by row against the provider's ledger: what was billed, in which attempt, and that each attempt ran once."""
    tokens = {submission.pk: f"[bs-{submission.token}]" for submission in batch.submissions.all()}
    there: dict[str, dict[str, Any]] = {}
    for row in sandbox.rows():
        assert row["processed"] <= 1, f"billed again: {row}"
        there[f"[bs-{row['name'].rpartition('[bs-')[2]} {row['batch_request_id']}"] = row
    recipe, cells = recipe_of(batch), batch.dataset.pick(result.row for result in results)
    for result in results:
        request_id = recipe.request_id(result.row, cells[result.row])
        if result.copy_of is not None:
            assert not result.cost_ticks, f"row {result.row} repeats another one, and costs something"
        sent = {pk: there[key] for pk, token in tokens.items() if (key := f"{token} {request_id}") in there}
        if result.submission_id is None or result.state == RowState.SKIPPED or result.copy_of is not None:
            assert not sent, f"row {result.row} was to be left out, and was sent"
            continue
        billed = sum(row["cost_in_usd_ticks"] for row in sent.values())
        assert result.cost_ticks == billed, f"row {result.row}: {result.cost_ticks} ticks here, {billed} there"
        earlier = {int(attempt["submission"] or 0): attempt["state"] for attempt in result.earlier or []}
        for pk, row in sent.items():
            state = result.state if pk == result.submission_id else earlier.get(pk)
            assert (row["state"] == "succeeded") == (state == "succeeded"), f"row {result.row}: {state} here, {row}"


def use(sandbox: Sandbox) -> None:
    """Let this installation find the sandbox."""
    folder = Path(settings.DATA) / "run"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sandbox.port").write_text(sandbox.url.rsplit(":", 1)[1])
