"""Which batches at the provider are ours: recognised by the stored id, else by the `[bs-…]` in their name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from batchsite.batches.models import Batch, Submission
from batchsite.provider.quick_client import ProviderAccount
from batchsite.teams.models import Team, User
from batchsite.xai.types import RemoteBatch

OURS = re.compile(r"\[bs-([0-9a-z]{1,20})\]\Z")


@dataclass(frozen=True)
class Trace:
    """Who made a batch at the provider.

    `kind` is one of: ours (on record here), lost (made for a batch of ours that has no record of it), spare (a second
    one with the same token), deleted (its batch was deleted here), unknown (bears a token that is not on record),
    theirs (made by another team of this installation), other (made by another program), closed (the same, on a shared
    account, and this person may not open it).
    """

    kind: str
    submission: Submission | None = None

    @property
    def batch(self) -> Batch | None:
        return self.submission.batch if self.submission and self.kind in {"ours", "lost", "spare"} else None

    @property
    def is_ours(self) -> bool:
        return self.kind in {"ours", "lost", "spare", "deleted", "unknown"}

    @property
    def is_hidden(self) -> bool:
        """Whether this person may see neither its name nor its content."""
        return self.kind in {"theirs", "closed"}

    @property
    def words(self) -> str:
        return _WORDS[self.kind]


_WORDS = {
    "ours": "made here",
    "lost": "made here, but its batch lost track of it",
    "spare": "a duplicate, made for the same batch; its results are not used",
    "deleted": "made here for a batch that has been deleted",
    "unknown": "marked by batchsite, but no batch here matches it: made by another installation, or removed here",
    "theirs": "made by another team of this installation",
    "other": "made by another program",
    "closed": "made by another program",
}


def token_of(name: str) -> str:
    """The token in a name that we gave. Empty if there is none."""
    match = OURS.search(name.rstrip())
    return match.group(1) if match else ""


def bare_name(name: str) -> str:
    """The name without our token."""
    return OURS.sub("", name.rstrip()).rstrip() or name


def traces(team: Team, user: User, account: ProviderAccount, remotes: Iterable[RemoteBatch]) -> dict[str, Trace]:
    """The trace of each batch by its id, as far as `user` may know it. One query."""
    batches = list(remotes)
    tokens = {token for remote in batches if (token := token_of(remote.name))}
    ours = Q(remote_id__in=[remote.batch_id for remote in batches]) | Q(token__in=tokens)
    related = Submission.objects.select_related("batch", "batch__started_by", "batch__created_by")
    known = list(related.filter(ours))
    by_id = {submission.remote_id: submission for submission in known if submission.remote_id}
    by_token = {submission.token: submission for submission in known}
    crowded = account.is_crowded_for(team)
    by_batch = {remote.batch_id: _trace(team, remote, by_id, by_token, crowded) for remote in batches}
    if account.may_open_others(team, user):
        return by_batch
    return {pk: Trace("closed") if trace.kind == "other" else trace for pk, trace in by_batch.items()}


def _trace(
    team: Team,
    remote: RemoteBatch,
    by_id: Mapping[str, Submission],
    by_token: Mapping[str, Submission],
    crowded: bool,
) -> Trace:
    token = token_of(remote.name)
    submission = by_id.get(remote.batch_id) or by_token.get(token)
    if submission is None:
        # On a shared account an unknown token may be that of another team's deleted batch.
        return Trace("theirs" if token and crowded else "unknown" if token else "other")
    if submission.batch.team_id != team.pk:
        return Trace("theirs")
    if submission.batch.deleted_at:
        return Trace("deleted", submission)
    if submission.remote_id == remote.batch_id:
        return Trace("ours", submission)
    return Trace("spare" if submission.remote_id else "lost", submission)
