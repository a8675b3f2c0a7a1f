"""Several steps of a small submission in one go.

Most steps of a small one take a fraction of a second, and the next one is due at once. If each waited for its turn in
the queue, ten rows would wait five times behind the work of other teams.
"""

from __future__ import annotations

import time

from batchsite.batches.models import Submission
from batchsite.submission.steps import advance
from batchsite.xai.errors import XaiError
from batchsite.xai.types import RemoteBatch

SMALL = 2_000
"""Rows. Submissions up to this size take the short queue, so that they never wait behind a big one."""
AT_ONCE = 0.5
"""Seconds for which one message may begin further steps; then it is the turn of others."""


def is_small(submission: Submission) -> bool:
    return submission.is_live or submission.last_row - submission.first_row < SMALL


class StepRun:
    """The time that one message has for further steps. Each step takes its own lease, as ever."""

    def __init__(self) -> None:
        self._until = time.monotonic() + AT_ONCE

    def advance(self, submission_id: int, looked: RemoteBatch | XaiError | None = None) -> None:
        """Takes a step, and further ones while they are due at once. Raises what `steps.advance` raises."""
        goes_on = advance(submission_id, looked)
        while goes_on and time.monotonic() < self._until:
            submission = Submission.objects.filter(pk=submission_id).first()
            goes_on = submission is not None and is_small(submission) and advance(submission_id)
