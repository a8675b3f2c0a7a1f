"""One turn of a worker at one submission: the lease, the provider's client, and a limit of time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from batchsite.batches.models import Batch, Submission
from batchsite.batches.pipeline.gateway import account_for, client_for
from batchsite.batches.pipeline.offers import why_not
from batchsite.batches.pipeline.patience import patience
from batchsite.batches.requests.given import given_recipe, is_given
from batchsite.batches.requests.planning import Recipe
from batchsite.batches.requests.prompts import parse
from batchsite.batches.requests.shapes import problems, shape_of
from batchsite.batches.states import State
from batchsite.processes.leases import Claim
from batchsite.teams.keys import Account
from batchsite.xai.bodies import Kind
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


def recipe_of(batch: Batch) -> Recipe:
    """What the batch's requests are made of. Raises PromptError; after `queued` it cannot.

    A draft with a shape that cannot be sent is read as if answers were text: the shape's problems are named elsewhere.
    """
    columns = batch.dataset.columns
    kind: Kind = "responses" if batch.request_kind == "responses" else "chat_get_completion"
    if is_given(batch.dataset):
        return given_recipe(columns, batch.model, kind, cache(partial(why_not, batch.team)))
    return Recipe(
        id_prefix=batch.id_prefix,
        id_column=columns.index(batch.id_column) if batch.id_column else None,
        system=parse(batch.system_prompt, columns) if batch.system_prompt.strip() else None,
        prompt=parse(batch.prompt, columns),
        model=batch.model,
        params=_params(batch),
        examples=tuple((parse(one["user"], columns), parse(one["assistant"], columns)) for one in batch.examples),
        kind=kind,
    )


def _params(batch: Batch) -> dict[str, Any]:
    params: dict[str, Any] = batch.params
    broken = batch.state == State.DRAFT and problems(batch.shape)
    shape = None if broken else shape_of(batch.shape)
    return params | {"response_format": shape.response_format()} if shape else params
