"""Polling many batches at xAI at once. A look needs no lease: only the step that follows it writes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from batchsite.batches.models import Submission
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.setup import logging_about
from batchsite.submission.provider_calls import account_for
from batchsite.submission.step_runs import StepRun
from batchsite.teams.accounts import AccountMissing
from batchsite.teams.provider_client import client_for
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError
from batchsite.xai.types import RemoteBatch

LOOKS_AT_ONCE = 16
log = logging.getLogger(__name__)


def look_at_all(submission_ids: Sequence[int]) -> None:
    """Polls all of them at once, then lets each take its step. A failing one does not stop the others."""
    submissions = Submission.objects.select_related("batch__team", "batch__key").filter(pk__in=submission_ids)
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        asked = {
            submission.pk: pool.submit(_ask, client, submission)
            for submission in submissions
            if (client := _client(submission)) and not _wants_cancel(submission)
        }
    run = StepRun()
    for pk in submission_ids:
        try:
            with contextlib.suppress(Busy, LeaseLost):
                run.advance(pk, asked[pk].result() if pk in asked else None)
        except Exception as error:  # noqa: BLE001  the step has logged it, and is made again
            log.warning("a look failed: %s", type(error).__name__, extra={"submission": pk})


def _wants_cancel(submission: Submission) -> bool:
    return submission.cancel_asked_at is not None and submission.cancel_sent_at is None


def _client(submission: Submission) -> XaiClient | None:
    try:
        return client_for(account_for(submission.batch))
    except AccountMissing:
        return None  # the step itself holds the batch


def _ask(client: XaiClient, submission: Submission) -> RemoteBatch | XaiError:
    with logging_about(batch=submission.batch_id, submission=submission.pk):
        try:
            return client.get_batch(submission.remote_id)
        except XaiError as error:
            return error
