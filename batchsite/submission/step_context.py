"""One turn of a worker at one submission: the lease, the provider's client, and a limit of time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from batchsite.batches.models import Batch, Submission
from batchsite.processes.leases import Claim
from batchsite.submission.provider_calls import account_for
from batchsite.teams.accounts import Account
from batchsite.teams.provider_client import client_for
from batchsite.timeouts import patience
from batchsite.xai.client import XaiClient


@dataclass
class Turn:
    """What a step works with. `submission` is as it was read last; write only inside `locked()`."""

    claim: Claim[Submission]
    submission: Submission
    account: Account
    client: XaiClient
    started: float = field(default_factory=time.monotonic)

    @property
    def batch(self) -> Batch:
        """The batch as it was when the turn began: right for what is sent, which does not change."""
        return self.submission.batch

    @property
    def over(self) -> bool:
        """Time to let others have their turn; the rest is done in the next one."""
        return time.monotonic() - self.started >= patience().step

    @contextlib.contextmanager
    def locked(self) -> Iterator[Submission]:
        """The submission, fresh and locked, in a transaction. Raises LeaseLost."""
        with self.claim.locked() as fresh:
            fresh.batch = self.submission.batch
            self.submission = fresh
            yield fresh


def begin(claim: Claim[Submission]) -> Turn:
    """Raises AccountMissing when the key that the batch was started with is gone."""
    submission = Submission.objects.select_related("batch__dataset", "batch__team").get(pk=claim.pk)
    account = account_for(submission.batch)
    return Turn(claim, submission, account, client_for(account))
