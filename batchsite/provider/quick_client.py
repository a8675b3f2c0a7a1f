"""Whose list is looked at: the accounts of a team at the provider, and a client that does not wait for long."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass

from batchsite.batches.models import Batch
from batchsite.teams.accounts import Account, AccountKind, AccountMissing, account_kind, account_of
from batchsite.teams.models import Membership, Role, Team, User
from batchsite.timeouts import timeouts
from batchsite.xai.client import Timeouts, XaiClient
from batchsite.xai.errors import NotFound, XaiError

SECONDS = 10.0
"""A page waits for so long and no longer; workers have more patience."""
LABELS = {
    AccountKind.SANDBOX: "Sandbox",
    AccountKind.ENVIRONMENT: "xAI, key of this installation",
    AccountKind.TEAM: "xAI, key of the team",
}


class Trouble(Exception):
    """The provider did not give what was asked for. `title` says what happened, `text` what to do."""

    def __init__(self, title: str, text: str = "", *, about_key: bool = False, gone: bool = False) -> None:
        super().__init__(title)
        self.title, self.text, self.about_key, self.gone = title, text, about_key, gone


@dataclass(frozen=True)
class Place:
    """One account of the team: where it is, and what people call it."""

    account: Account
    label: str

    @property
    def kind(self) -> str:
        return str(self.account.kind)

    @property
    def is_shared(self) -> bool:
        """Whether other teams of this installation use the same account: then theirs is not shown."""
        return self.account.kind != AccountKind.TEAM

    def is_crowded_for(self, team: Team) -> bool:
        """Whether there are other teams that may use it, too."""
        return self.is_shared and Team.objects.exclude(pk=team.pk).exists()

    def may_open_others(self, team: Team, user: User) -> bool:
        """Whether `user` may see what is in batches of other programs, and cancel them.

        With a team's own key its people may. A key that several teams share is its installation's: owners of the team
        that set that up may. Being an owner of any team is not enough, as everybody can found one.
        """
        if not self.is_crowded_for(team):
            return True
        first = Team.objects.order_by("pk").values("pk")[:1]
        return Membership.objects.filter(user=user, role=Role.OWNER, team__in=first).exists()


def kinds_of(team: Team) -> list[AccountKind]:
    """The accounts that a team uses or has used, the present one first."""
    now = account_kind(team)
    used = set(
        Batch.objects.filter(team=team).exclude(account="").order_by().values_list("account", flat=True).distinct()
    )
    return [now, *(kind for kind in AccountKind if kind in used and kind != now)]


def place_of(team: Team, kind: str) -> Place:
    """The account of that kind, or the present one. Raises Trouble where its key is gone."""
    known = kinds_of(team)
    wanted = AccountKind(kind) if kind in known else known[0]
    try:
        return Place(account_of(team, wanted), LABELS[wanted])
    except AccountMissing as error:
        raise Trouble("There is no key for this account", str(error), about_key=True) from error


def quick_client(account: Account) -> XaiClient:
    """A client for pages: few tries, short waits."""
    return _client(account.base_url, account.api_key, min(SECONDS, timeouts().call), os.getpid())


@functools.lru_cache(maxsize=16)
def _client(base_url: str, api_key: str, seconds: float, _process: int) -> XaiClient:
    timeouts = Timeouts(connect=min(3, seconds), read=seconds, write=seconds, pool=seconds)
    return XaiClient(api_key, base_url, timeout=timeouts, total_timeout=seconds, retries=1)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Turns an error of a call into Trouble."""
    try:
        yield
    except NotFound as error:
        text = "It may have expired, or belong to the team of another key."
        raise Trouble("xAI does not have this batch", text, gone=True) from error
    except XaiError as error:
        raise Trouble(error.what, error.message, about_key=error.key_problem or error.billing) from error
