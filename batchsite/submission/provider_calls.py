"""Calls to the provider: which account pays, how fast they may be made, and what an error means for a batch."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from batchsite.batches.call_places import take_places
from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.teams.accounts import Account, AccountKind, account_of
from batchsite.teams.network_faults import NetworkFault
from batchsite.xai.errors import RateLimited, ServerError, XaiError


def account_for(batch: Batch) -> Account:
    """Returns the account that the batch was started with. Raises AccountMissing."""
    return account_of(batch.team, batch.account, batch.key)


# ---- the provider's limits ----------------------------------------------------------------------
# Kept per key across all processes (facts 4). Places that are taken at once are part of what a window of the provider
# may hold.

JITTER = 1.05
"""If calls go one by one, a little slower than allowed: the network may bring two of them close together."""


def reserve(
    account: Account, call: str, count: int = 1, *, only_within: float | None = None, team: int | None = None
) -> float:
    """Returns seconds to wait before making `count` calls of that kind. Their places are taken.

    They are not taken if the wait would be longer than `only_within` seconds. With `team`, they are places in the
    queue of that team alone, which moves at the same pace.
    """
    per_window, window = _limit(call)
    burst = burst_of(call)
    pace = timedelta(seconds=JITTER * window / per_window if burst == 1 else window / (per_window - burst))
    name = f"{account.fingerprint} {call}" + (f" {team}" if team else "")
    return take_places(name, count, pace=pace, burst=burst, only_within=only_within)


def burst_of(call: str) -> int:
    """Returns how many calls of that kind may be made at once."""
    return max(1, _limit(call)[0] // 10)


def _limit(call: str) -> tuple[int, float]:
    """Returns (calls, seconds of the window)."""
    options = settings.OPTIONS
    return {"create": (options.creates_per_second, 1.0), "add": (options.adds_per_30s, 30.0)}[call]


# ---- what an error means ------------------------------------------------------------------------


def is_hold(error: XaiError) -> bool:
    """Whether a person has to act before the call can succeed: no credits, or a key that is refused."""
    return error.billing or error.key_problem


def hold_code(error: XaiError) -> HeldFor:
    return HeldFor.CREDITS if error.billing else HeldFor.KEY


LASTING = 3
"""Consecutive calls with a network fault after which the batch is held: single faults pass."""


def is_lasting(error: XaiError, fault: NetworkFault, faults: int) -> bool:
    """Whether a person has to check the network. xAI's own proxies answer some errors with a page, too."""
    if fault.passes or isinstance(error, ServerError | RateLimited):
        return False
    return faults >= LASTING or fault == NetworkFault.CERTIFICATE


def hold_words(error: XaiError, account: Account) -> str:
    """Returns what a person has to do. `account` is the one that the batch runs under."""
    if error.billing:
        return "no credits left at xAI, or its spending limit is reached. Add credits in the xAI console."
    if account.kind == AccountKind.ENVIRONMENT:
        return (
            "xAI refuses the key of this installation. Set XAI_API_KEY to a working key of the same xAI team, and "
            "restart batchsite; or set a working key of the same xAI team on the Team page, and then move this batch "
            "to it."
        )
    key = "the key" if account.kind == AccountKind.SANDBOX else account.words
    return (
        f"xAI refuses {key}. Replace it on the Team page with a working key of the same xAI team, or move "
        "this batch to another key of that xAI team."
    )
