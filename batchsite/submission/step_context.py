"""What one step of one submission works with: the lease, the provider's client and a time limit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import HeldFor
from batchsite.processes.leases import Claim
from batchsite.submission.provider_calls import account_for
from batchsite.teams.accounts import Account
from batchsite.teams.provider_client import client_for
from batchsite.timeouts import timeouts
from batchsite.xai.client import XaiClient


class WaitsForPerson(RuntimeError):
    """Nothing more is asked until somebody says so. The text is the reason; what was asked is still read."""

    def __init__(self, words: str, held_for: HeldFor, seconds: float) -> None:
        super().__init__(words)
        self.held_for, self.seconds = held_for, seconds


@dataclass
class LocalStep:
    """A step without the provider. `submission` is as last read; write to it only inside `locked()`."""

    claim: Claim[Submission]
    submission: Submission
    started: float = field(default_factory=time.monotonic, kw_only=True)

    @property
    def batch(self) -> Batch:
        """The batch as it was when the step began. What is sent never changes after that."""
        return self.submission.batch

    @property
    def is_over(self) -> bool:
        """Whether the step has used up its time. The rest is done when the submission is due again."""
        return time.monotonic() - self.started >= timeouts().step

    @contextlib.contextmanager
    def locked(self) -> Iterator[Submission]:
        """Yields the submission, fresh and locked after its batch, inside a transaction. Raises LeaseLost."""
        with transaction.atomic():
            lock = Batch.objects.select_for_update(no_key=True).filter(pk=self.submission.batch_id)
            lock.values_list("pk").first()  # may be gone
            with self.claim.locked() as fresh:
                fresh.batch = self.submission.batch
                self.submission = fresh
                yield fresh


@dataclass
class StepContext(LocalStep):
    """A step that may ask the provider."""

    account: Account
    client: XaiClient


def begin_step(claim: Claim[Submission]) -> StepContext:
    """Returns the context of a step. Raises AccountMissing when the key that the batch was started with is gone."""
    submission = Submission.objects.select_related("batch__dataset", "batch__team", "batch__key").get(pk=claim.pk)
    account = account_for(submission.batch)
    return StepContext(claim, submission, account, client_for(account))
