"""Which batches at the provider are ours: by the id that we wrote down, else by the `[bs-…]` in their name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from batchsite.batches.models import Batch, Submission
from batchsite.provider.quick_client import Place
from batchsite.teams.models import Team, User
from batchsite.xai.types import RemoteBatch

OURS = re.compile(r"\s*\[bs-([0-9a-z]{1,20})\]\s*$")


@dataclass(frozen=True)
class Trace:
    """Whose a batch is.

    `kind`: ours (its results stand here), lost (made for a batch of ours that does not know it), spare (a second
    one with the same mark), deleted (its batch was deleted here), unknown (our mark, and nobody here knows it),
    theirs (another team of this installation), other (made by another program), closed (so, too, on an account that
    teams share, and this person may not open it).
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
        """Not for this person: neither its name nor what is in it is shown."""
        return self.kind in {"theirs", "closed"}

    @property
    def words(self) -> str:
        return _WORDS[self.kind]


_WORDS = {
    "ours": "made here",
    "lost": "made here, and its batch does not know it",
    "spare": "a second one, made for the same batch; what is in it is not used",
    "deleted": "made here for a batch that was deleted since",
    "unknown": "bears a mark of batchsite, and no batch here knows it: made by another installation, or removed here",
    "theirs": "made by another team of this installation",
    "other": "made by another program",
    "closed": "made by another program",
}


def token_of(name: str) -> str:
    """The token in a name that we gave; empty where there is none."""
    found = OURS.search(name)
    return found.group(1) if found else ""


def bare_name(name: str) -> str:
    """A name without our mark, for people."""
    return OURS.sub("", name) or name


def traces(team: Team, user: User, place: Place, remotes: Iterable[RemoteBatch]) -> dict[str, Trace]:
    """Whose each of them is, by its id, as `user` may know it; one query for all."""
    wanted = list(remotes)
    tokens = {token for remote in wanted if (token := token_of(remote.name))}
    found = Submission.objects.filter(Q(remote_id__in=[remote.batch_id for remote in wanted]) | Q(token__in=tokens))
    known = list(found.select_related("batch", "batch__started_by", "batch__created_by"))
    by_id = {submission.remote_id: submission for submission in known if submission.remote_id}
    by_token = {submission.token: submission for submission in known}
    crowded = place.is_crowded_for(team)
    found_out = {remote.batch_id: _trace(team, remote, by_id, by_token, crowded) for remote in wanted}
    if place.may_open_others(team, user):
        return found_out
    return {pk: Trace("closed") if trace.kind == "other" else trace for pk, trace in found_out.items()}


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
        # On an account that teams share, a mark that nobody knows may be another team's deleted batch.
        return Trace("theirs" if token and crowded else "unknown" if token else "other")
    if submission.batch.team_id != team.pk:
        return Trace("theirs")
    if submission.batch.deleted_at:
        return Trace("deleted", submission)
    if submission.remote_id == remote.batch_id:
        return Trace("ours", submission)
    return Trace("spare" if submission.remote_id else "lost", submission)
