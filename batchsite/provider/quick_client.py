"""The accounts of a team at the provider, and a client for pages, which gives up quickly."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass

from batchsite.batches.models import Batch
from batchsite.teams.accounts import Account, AccountKind, AccountMissing, account_kind, account_of, keys_of
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.network_faults import fault_of, sentence
from batchsite.teams.people import is_operator
from batchsite.timeouts import timeouts
from batchsite.xai.client import Timeouts, XaiClient
from batchsite.xai.errors import NotFound, XaiError

SECONDS = 10.0
"""Longest wait of a page for the provider; workers wait longer."""
LABELS = {AccountKind.SANDBOX: "Sandbox", AccountKind.ENVIRONMENT: "xAI, key of this installation"}


class RemoteFailure(Exception):
    """The provider did not return what was asked for. `title` says what happened, `text` what to do."""

    def __init__(
        self, title: str, text: str = "", *, about_key: bool = False, gone: bool = False, detail: str = ""
    ) -> None:
        super().__init__(title)
        self.title, self.text, self.about_key, self.gone, self.detail = title, text, about_key, gone, detail


@dataclass(frozen=True)
class ProviderAccount:
    """One account of the team, with the label that pages show."""

    account: Account
    label: str

    @property
    def mark(self) -> str:
        return self.account.mark

    @property
    def is_shared(self) -> bool:
        """Whether other teams of this installation use the same account. Their batches are hidden then."""
        return self.account.kind != AccountKind.TEAM

    def is_crowded_for(self, team: Team) -> bool:
        """Whether there are other teams that use it too."""
        return self.is_shared and Team.objects.exclude(pk=team.pk).exists()

    def may_open_others(self, team: Team, user: User) -> bool:
        """Whether `user` may read and cancel batches that other programs made.

        Members may with their team's own key. With a key that several teams share only owners of the first team may,
        the one that the installation was set up with: other teams may have been created by anybody.
        """
        return not self.is_crowded_for(team) or is_operator(user)


def labels_of(team: Team) -> dict[str, str]:
    """Returns the labels of the accounts that the team uses or has used, by their marks; the current one first."""
    now, used = account_kind(team), _used(team)
    keys = {f"{AccountKind.TEAM}-{key.pk}": f"xAI, key “{key}”" for key in keys_of(team)}
    if AccountKind.TEAM in used and not keys:
        keys = {str(AccountKind.TEAM): "xAI, key of the team"}
    kinds = [now, *(kind for kind in AccountKind if kind in used and kind != now)]
    found: dict[str, str] = {}
    for kind in kinds:
        found |= keys if kind == AccountKind.TEAM else {str(kind): LABELS[kind]}
    return found


def _used(team: Team) -> set[str]:
    made = Batch.objects.filter(team=team).exclude(account="").order_by()
    return set(made.values_list("account", flat=True).distinct())


def provider_account(team: Team, mark: str) -> ProviderAccount:
    """The team's account of that mark, or its current one. Raises RemoteFailure if the key is gone."""
    labels = labels_of(team)
    wanted = mark if mark in labels else next(iter(labels))
    kind, _, number = wanted.partition("-")
    key: ProviderKey | None = keys_of(team).filter(pk=int(number)).first() if number else None
    try:
        return ProviderAccount(account_of(team, kind, key), labels[wanted])
    except AccountMissing as error:
        raise RemoteFailure("There is no key for this account", str(error), about_key=True) from error


def quick_client(provider: ProviderAccount) -> XaiClient:
    """A client for pages: one retry, short timeouts."""
    account = provider.account
    return _client(account.base_url, account.api_key, min(SECONDS, timeouts().call), os.getpid())


@functools.lru_cache(maxsize=16)
def _client(base_url: str, api_key: str, seconds: float, _process: int) -> XaiClient:
    timeouts = Timeouts(connect=min(3, seconds), read=seconds, write=seconds, pool=seconds)
    return XaiClient(api_key, base_url, timeout=timeouts, total_timeout=seconds, retries=1)


@contextlib.contextmanager
def failures_in_words(base_url: str) -> Iterator[None]:
    """Turns an error of the client into RemoteFailure."""
    try:
        yield
    except NotFound as error:
        text = "It may have expired, or belong to another xAI team."
        raise RemoteFailure("xAI does not have this batch", text, gone=True) from error
    except XaiError as error:
        if fault := fault_of(error):
            text = sentence(fault, base_url)
            raise RemoteFailure("xAI could not be reached", text, detail=error.message) from error
        raise RemoteFailure(error.what, error.message, about_key=error.key_problem or error.billing) from error
