"""Actions on a batch at the provider: cancel another program's, adopt one that was made for a batch here."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Chunk, ChunkState, Submission
from batchsite.batches.states import TERMINAL, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch, refresh, update
from batchsite.provider.quick_client import ProviderAccount, RemoteFailure, failures_in_words, quick_client
from batchsite.provider.remote_list import Remote
from batchsite.teams.models import Team, User

log = logging.getLogger(__name__)


def cancel(account: ProviderAccount, remote: Remote, team: Team, user: User) -> None:
    """Asks the provider to cancel. Raises RemoteFailure."""
    with failures_in_words(account.account.base_url):
        quick_client(account).cancel_batch(remote.id)
    log.info("cancelled at the provider", extra={"remote": remote.id, "team": team.pk, "user": user.pk})


def why_not_adopted(remote: Remote) -> str:
    """Why this one cannot be adopted, as a sentence. Empty if it can."""
    submission = remote.trace.submission
    if remote.trace.kind == "ours":
        return "Its batch is already connected to it."
    if remote.trace.kind == "spare":
        return "Its batch has another one at xAI, whose results it reads. This one is not needed; cancel it if it runs."
    if remote.trace.kind == "deleted":
        return "Its batch was deleted here, with its rows. Its results can be downloaded."
    if remote.trace.kind != "lost" or submission is None:
        return "No batch here was made for it, so its results don’t belong to any rows. " + ("They can be downloaded.")
    if submission.state not in TERMINAL:
        return "" if submission.planned else "Its rows are still being checked here. Try again in a minute."
    if remote.how == "running":
        return "Its batch has ended here, and this one still runs. Reconnect it when it has ended, or cancel it first."
    if not submission.total:
        return "Its batch ended here before its rows were planned."
    return ""


def adopt(team: Team, remote: Remote, user: User) -> Submission:
    """Attaches the remote batch to the submission that it was made for, and lets a worker go on from there.

    While the submission runs, its planned chunks count as sent with an unknown outcome: the provider's own list of
    requests is read before anything is sent. Once it has ended, only its results are read again. Raises RemoteFailure.
    """
    refusal = why_not_adopted(remote)
    if refusal or remote.trace.submission is None:
        raise RemoteFailure("It can’t be reconnected", refusal)
    with transaction.atomic():
        lock_batch(remote.trace.submission.batch_id)
        submission = Submission.objects.select_for_update(no_key=True).get(
            pk=remote.trace.submission.pk, batch__team=team
        )
        if submission.state != remote.trace.submission.state:
            raise RemoteFailure("Not at this moment", "Its batch has moved on meanwhile. Look at it again.")
        if submission.remote_id:
            raise RemoteFailure("It can’t be reconnected", "Its batch has found it, or another one, in the meantime.")
        if submission.lease_until and submission.lease_until > timezone.now():
            raise RemoteFailure("Not right now", "A worker is busy with this batch. Try again in a minute.")
        _attach(submission, remote)
        note(submission.batch_id, "adopted", "Batch at xAI reconnected by its name", submission=submission, by=user,
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
