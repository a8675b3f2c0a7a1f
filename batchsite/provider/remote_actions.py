"""What can be done to a batch at the provider: cancel another program's, take one back that was ours."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Chunk, ChunkState, Submission
from batchsite.batches.states import TERMINAL, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch, refresh, update
from batchsite.provider.quick_client import Place, Trouble, in_words, quick_client
from batchsite.provider.remote_list import Remote
from batchsite.teams.models import Team, User

log = logging.getLogger(__name__)


def cancel(place: Place, remote: Remote, team: Team, user: User) -> None:
    """Ask the provider to cancel. Raises Trouble."""
    with in_words():
        quick_client(place.account).cancel_batch(remote.id)
    log.info("cancelled at the provider", extra={"remote": remote.id, "team": team.pk, "user": user.pk})


def why_not_adopted(remote: Remote) -> str:
    """Why this one cannot be taken back, in words; empty where it can."""
    submission = remote.trace.submission
    if remote.trace.kind == "ours":
        return "Its batch knows it already."
    if remote.trace.kind == "spare":
        return "Its batch has another one at xAI, whose results it reads. This one is not needed; cancel it if it runs."
    if remote.trace.kind == "deleted":
        return "Its batch was deleted here, with its rows. Its results can be downloaded."
    if remote.trace.kind != "lost" or submission is None:
        return "No batch here was made for it, so there are no rows that its results could stand beside. " + (
            "They can be downloaded."
        )
    if submission.state not in TERMINAL:
        return "" if submission.planned else "Its rows are still being checked here. Try it again in a minute."
    if remote.how == "running":
        return "Its batch has ended here, and this one still runs. Take it back when it has ended, or cancel it first."
    if not submission.total:
        return "Its batch ended here before its rows were planned."
    return ""


def adopt(team: Team, remote: Remote, user: User) -> Submission:
    """Give a submission the remote batch that was made for it, and let a worker go on from there.

    Where rows may still be sent, those on record count as "on their way": the provider's own list tells which of
    them it has before anything is sent. Where the submission has ended, its results are read once more; nothing is
    sent. Raises Trouble.
    """
    refused = why_not_adopted(remote)
    if refused or remote.trace.submission is None:
        raise Trouble("It cannot be taken back", refused)
    with transaction.atomic():
        lock_batch(remote.trace.submission.batch_id)
        submission = Submission.objects.select_for_update(no_key=True).get(
            pk=remote.trace.submission.pk, batch__team=team
        )
        if submission.state != remote.trace.submission.state:
            raise Trouble("Not at this moment", "Its batch has moved on meanwhile. Look at it again.")
        if submission.remote_id:
            raise Trouble("It cannot be taken back", "Its batch has found it, or another one, by itself meanwhile.")
        if submission.lease_until and submission.lease_until > timezone.now():
            raise Trouble("Not at this moment", "A worker is just looking after its batch. Try it again in a minute.")
        _attach(submission, remote)
        note(submission.batch_id, "adopted", "Batch at xAI taken back by its name", submission=submission, by=user,
             detail=remote.id)  # fmt: skip
        refresh(submission.batch_id)
    return submission


def _attach(submission: Submission, remote: Remote) -> None:
    now = timezone.now()
    values: dict[str, object] = {"remote_id": remote.id, "remote_name": remote.batch.name, "next_look_at": now}
    values["create_tried_at"] = submission.create_tried_at or now
    chunks = Chunk.objects.filter(submission=submission, state=ChunkState.PLANNED)
    if submission.state not in TERMINAL:
        chunks.update(state=ChunkState.SENDING, sent_at=now - timedelta(minutes=1))
        update(submission, **values)
        return
    chunks.update(state=ChunkState.SENT)
    values |= {"state": State.COLLECTING, "ended_at": None, "sent": submission.total, "settled_at": now}
    values |= {"walks": 0, "walk_token": "", "walk_pages": 0, "changed_at": now}
    if submission.ending == State.FAILED:
        values["ending"] = State.COMPLETED
    update(submission, **values)
