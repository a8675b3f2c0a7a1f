"""The account's batches at the provider, other programs' too; a page at a time, nothing of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from batchsite.provider.ownership import Trace, bare_name, traces
from batchsite.provider.quick_client import Place, Trouble, in_words, quick_client
from batchsite.teams.models import Team, User
from batchsite.xai.types import Counters, RemoteBatch

PAGE = 50
"""Batches asked of the provider at a time."""
MOST_PAGES = 6
"""The provider cannot filter: so many of its pages are looked through before the search asks whether to go on."""
WHOSE = {"ours": "Made here", "others": "Made by others"}
HOW = {"running": "Running", "ended": "Ended", "empty": "Empty"}


@dataclass(frozen=True)
class Remote:
    """A batch at the provider, as a page shows it. Counts are the provider's own: hints (facts 2.4)."""

    batch: RemoteBatch
    trace: Trace
    today: date

    @property
    def id(self) -> str:
        return self.batch.batch_id

    @property
    def name(self) -> str:
        if self.trace.is_hidden:
            return "Of another team" if self.trace.kind == "theirs" else "Of another program"
        return bare_name(self.batch.name) or "Without a name"

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
        """running, ended or empty: what the list can be narrowed to."""
        if not self.total:
            return "empty"
        return "running" if self.pending and not self.is_expired else "ended"

    @property
    def is_expired(self) -> bool:
        return bool(self.batch.expire_time and self.batch.expire_time < self.today)

    @property
    def days_left(self) -> int | None:
        """Days until it expires; less than nought where it has."""
        return (self.batch.expire_time - self.today).days if self.batch.expire_time else None

    @property
    def state(self) -> tuple[str, str]:
        """(tone, words). The provider has no status: this is derived from its counters and dates (facts 2.11)."""
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
class Asked:
    """What the address asks for."""

    search: str = ""
    whose: str = ""
    how: str = ""
    token: str = ""
    """Where the page begins: the provider's own, opaque."""

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.whose or self.how)


@dataclass(frozen=True)
class Listing:
    """A page of the list. `looked_at` batches were looked through for it."""

    remotes: Sequence[Remote]
    next_token: str
    looked_at: int
    is_closed: bool = False
    """The account is shared by teams, and what other programs made with it is not for this person."""


def listing(team: Team, user: User, place: Place, asked: Asked) -> Listing:
    """The page that begins at the token, the newest first. Raises Trouble."""
    client, token = quick_client(place.account), asked.token or None
    found: list[Remote] = []
    looked_at = 0
    for _ in range(MOST_PAGES if asked.is_filtered else 1):
        with in_words():
            page = client.list_batches(limit=PAGE, token=token)
        looked_at += len(page.items)
        found += [remote for remote in _dressed(team, user, place, page.items) if _fits(remote, asked)]
        came_back, token = page.next_token == token, page.next_token
        if token is None or came_back or not page.items or len(found) >= PAGE:
            break
    return Listing(found, token or "", looked_at, is_closed=not place.may_open_others(team, user))


def _dressed(team: Team, user: User, place: Place, batches: Sequence[RemoteBatch]) -> list[Remote]:
    today, whose = timezone.now().date(), traces(team, user, place, batches)
    return [Remote(batch, whose[batch.batch_id], today) for batch in batches]


def _fits(remote: Remote, asked: Asked) -> bool:
    if asked.search and asked.search.casefold() not in f"{remote.name} {remote.id}".casefold():
        return False
    if asked.whose and remote.trace.is_ours != (asked.whose == "ours"):
        return False
    return not asked.how or remote.how == asked.how


CLOSED = (
    "The key is shared by the teams of this installation. Only owners of the team that set it up may open or cancel "
    "what other programs made with it."
)


def one(team: Team, user: User, place: Place, remote_id: str) -> Remote:
    """One batch. Raises Trouble; what is not for this person counts as not there."""
    with in_words():
        batch = quick_client(place.account).get_batch(remote_id)
    remote = _dressed(team, user, place, [batch])[0]
    if remote.trace.kind == "closed":
        raise Trouble("This batch was made by another program", CLOSED, gone=True)
    if remote.trace.is_hidden:
        raise Trouble("This batch belongs to another team", "What is in it is for that team alone.", gone=True)
    return remote
