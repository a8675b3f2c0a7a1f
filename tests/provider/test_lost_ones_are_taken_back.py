"""A batch that was made for us, and that we lost sight of, is found by its name and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from batchsite.batches.models import Batch, Result, Submission
from batchsite.batches.states import RowState, State
from batchsite.teams.models import Team, User
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.databases

ClientOf = Callable[[User], Client]
HTMX: Any = {"HX-Request": "true"}


def _forget(batch: Batch) -> str:
    """As after a restored backup: the submission ended without the id of what it made. The id."""
    submission = batch.submissions.get()
    Result.objects.filter(batch=batch).update(
        state=RowState.MISSING, answer="", cost_ticks=0, error="Not found.", cause="missing"
    )
    sums = {"succeeded": 0, "missing": batch.total, "cost_ticks": 0}
    Submission.objects.filter(pk=submission.pk).update(remote_id="", **sums)
    Batch.objects.filter(pk=batch.pk).update(prompt_tokens=0, completion_tokens=0, reasoning_tokens=0, **sums)
    return submission.remote_id


def _no_waiting(batch: Batch) -> None:
    """The page has handed it to a worker, of which there is none in a test."""
    batch.submissions.update(next_look_at=timezone.now())


def test_results_of_an_ended_one_take_the_place_of_rows_declared_missing(
    team: Team, alice: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    batch = drive(make_batch(team, 5))
    remote_id, client = _forget(batch), client_of(alice)
    assert "lost track of it" in client.get(f"/provider/{remote_id}", headers=HTMX).content.decode()
    assert "Nothing is sent" in client.get(f"/provider/{remote_id}/adopt").content.decode()
    response = client.post(f"/provider/{remote_id}/adopt")
    assert response["Location"] == f"/batches/{batch.pk}"
    _no_waiting(batch)
    drive(batch)
    check_books(batch, sandbox)
    assert batch.succeeded == 5
    assert batch.state == State.COMPLETED
    assert "adopted: Batch at xAI reconnected by its name" in "\n".join(story(batch))


def test_one_that_still_sends_goes_on_and_nothing_is_sent_twice(
    team: Team, alice: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    sandbox.set(rate=0.001)
    batch = make_batch(team, 5)
    drive(batch, until="processing")
    submission = batch.submissions.get()
    remote_id = submission.remote_id
    submission.chunks.update(state="planned")
    later = timezone.now() + timedelta(hours=1)
    Submission.objects.filter(pk=submission.pk).update(remote_id="", state="submitting", sent=0, next_look_at=later)
    client_of(alice).post(f"/provider/{remote_id}/adopt")
    _no_waiting(batch)
    sandbox.set(rate=0)
    sandbox.complete()
    drive(batch)
    check_books(batch, sandbox)
    assert len(sandbox.batches()) == 1


def test_what_cannot_be_taken_back_says_why(team: Team, alice: User, client_of: ClientOf, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, 3))
    remote_id, client = batch.submissions.get().remote_id, client_of(alice)
    assert "already connected to it" in client.post(f"/provider/{remote_id}/adopt").content.decode()
    Batch.objects.filter(pk=batch.pk).update(deleted_at=timezone.now())
    shown = client.get(f"/provider/{remote_id}", headers=HTMX).content.decode()
    assert "Its batch was deleted here" in shown
    Batch.objects.get(pk=batch.pk).delete()
    shown = client.get(f"/provider/{remote_id}", headers=HTMX).content.decode()
    assert "no batch here matches it" in shown
    assert "No batch here was made for it" in shown
