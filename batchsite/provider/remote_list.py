"""All batches of the account as the provider lists them, a page at a time. Nothing of this is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from batchsite.provider.ownership import Trace, bare_name, traces
from batchsite.provider.quick_client import ProviderAccount, RemoteFailure, failures_in_words, quick_client
from batchsite.teams.models import Team, User
from batchsite.xai.types import Counters, RemoteBatch

PAGE = 50
"""Batches asked for in one call."""
MOST_PAGES = 6
"""Pages that are searched in one request, as the provider cannot filter; then the person is asked to go on."""
MAKERS = {"ours": "Made here", "others": "Made by others"}
PHASES = {"running": "Running", "ended": "Ended", "empty": "Empty"}


@dataclass(frozen=True)
class Remote:
    """A batch at the provider as a page shows it. Its counts are the provider's own, which are hints (facts 2.4)."""

    batch: RemoteBatch
    trace: Trace
    today: date

    @property
    def id(self) -> str:
        return self.batch.batch_id

    @property
    def name(self) -> str:
        if self.trace.is_hidden:
            return "Another team’s" if self.trace.kind == "theirs" else "Another program’s"
        return bare_name(self.batch.name) or "Unnamed"

    @property
    def counters(self) -> Counters:
        return self.batch.counters or Counters()

    @property
    def total(self) -> int:
        return self.counters.num_requests

    @property
    def succeeded(self) -> int:
        return self.counters.num_success

    @property
    def failed(self) -> int:
        return self.counters.num_error

    @property
    def cancelled(self) -> int:
        return self.counters.num_cancelled

    @property
    def pending(self) -> int:
        return self.counters.num_pending

    missing = skipped = 0

    @property
    def how(self) -> str:
        """running, ended or empty: a key of PHASES."""
        if not self.total:
            return "empty"
        return "running" if self.pending and not self.is_expired else "ended"

    @property
    def is_expired(self) -> bool:
        return bool(self.batch.expire_time and self.batch.expire_time < self.today)

    @property
    def days_left(self) -> int | None:
        """Days until it expires; negative once it has."""
        return (self.batch.expire_time - self.today).days if self.batch.expire_time else None

    @property
    def state(self) -> tuple[str, str]:
        """(tone, label), derived from counters and dates, as the provider reports no status (facts 2.11)."""
        if self.batch.cancel_by_xai_message:
            return "bad", "Ended by xAI"
        if self.batch.cancel_time:
            return ("warn", "Cancelling") if self.pending else ("", "Cancelled")
        if self.batch.counters is None:
            return "", "Not known"
        if self.how == "empty":
            return "", "Empty"
        if self.how == "running":
            return "live", "Running"
        if self.pending or self.cancelled:
            return "warn", "Expired"
        return ("warn", "Ended, some failed") if self.failed else ("good", "Ended")

    @property
    def can_be_cancelled(self) -> bool:
        return not (self.trace.is_hidden or self.batch.cancel_time or self.is_expired or self.how == "ended")


@dataclass(frozen=True)
class RemoteFilter:
    """What the address asks for."""

    search: str = ""
    whose: str = ""
    how: str = ""
    token: str = ""
    """The provider's opaque token of the page."""

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.whose or self.how)


@dataclass(frozen=True)
class RemotePage:
    """A page of the list. `looked_at` counts the batches that were searched for it."""

    remotes: Sequence[Remote]
    next_token: str
    looked_at: int
    is_closed: bool = False
    """Teams share the account, and this person may not open what other programs made with it."""


def list_remotes(team: Team, user: User, account: ProviderAccount, asked: RemoteFilter) -> RemotePage:
    """The page that begins at the token, newest first. Raises RemoteFailure."""
    client, token = quick_client(account), asked.token or None
    remotes: list[Remote] = []
    looked_at = 0
    for _ in range(MOST_PAGES if asked.is_filtered else 1):
        with failures_in_words(account.account.base_url):
            page = client.list_batches(limit=PAGE, token=token)
        looked_at += len(page.items)
        remotes += [remote for remote in _with_traces(team, user, account, page.items) if _matches(remote, asked)]
        is_circle, token = page.next_token == token, page.next_token
        if token is None or is_circle or not page.items or len(remotes) >= PAGE:
            break
    return RemotePage(remotes, token or "", looked_at, is_closed=not account.may_open_others(team, user))


def _with_traces(team: Team, user: User, account: ProviderAccount, batches: Sequence[RemoteBatch]) -> list[Remote]:
    today, whose = timezone.now().date(), traces(team, user, account, batches)
    return [Remote(batch, whose[batch.batch_id], today) for batch in batches]


def _matches(remote: Remote, asked: RemoteFilter) -> bool:
    if asked.search and asked.search.casefold() not in f"{remote.name} {remote.id}".casefold():
        return False
    if asked.whose and remote.trace.is_ours != (asked.whose == "ours"):
        return False
    return not asked.how or remote.how == asked.how


CLOSED = (
    "The key is shared by the teams of this installation. Only owners of the team that set it up may open or cancel "
    "what other programs made with it."
)


def get_remote(team: Team, user: User, account: ProviderAccount, remote_id: str) -> Remote:
    """One batch. Raises RemoteFailure, also if this person may not see it."""
    with failures_in_words(account.account.base_url):
        batch = quick_client(account).get_batch(remote_id)
    remote = _with_traces(team, user, account, [batch])[0]
    if remote.trace.kind == "closed":
        raise RemoteFailure("This batch was made by another program", CLOSED, gone=True)
    if remote.trace.is_hidden:
        raise RemoteFailure("This batch belongs to another team", "Only that team can see its contents.", gone=True)
    return remote
