"""The one door to the provider: who pays, how fast, and what an error means for a batch."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch, CallBudget
from batchsite.teams.accounts import Account, account_of
from batchsite.xai.errors import XaiError


def account_for(batch: Batch) -> Account:
    """The account that the batch was started with. Raises AccountMissing."""
    return account_of(batch.team, batch.account)


# ---- the provider's limits ----------------------------------------------------------------------
# Kept per key across all processes (facts 4). A call takes a place in a line that moves at the allowed pace;
# `burst` places may be taken at once, and are part of what a window of the provider may hold.


def reserve(account: Account, call: str, count: int = 1) -> float:
    """Seconds to wait before making `count` calls of that kind; the places are taken."""
    per_window, window = _limit(call)
    burst = max(1, per_window // 10)
    pace = timedelta(seconds=window / max(1, per_window - burst))
    now = timezone.now()
    with transaction.atomic():
        budget, _ = CallBudget.objects.select_for_update(no_key=True).get_or_create(
            name=f"{account.fingerprint} {call}", defaults={"free_at": now}
        )
        budget.free_at = max(budget.free_at, now) + pace * count
        budget.save(update_fields=["free_at"])
    return max(0.0, (budget.free_at - now - pace * burst).total_seconds())


def _limit(call: str) -> tuple[int, float]:
    """(calls, seconds of the window)."""
    options = settings.OPTIONS
    return {"create": (options.creates_per_second, 1.0), "add": (options.adds_per_30s, 30.0)}[call]


# ---- what an error means ------------------------------------------------------------------------


def is_hold(error: XaiError) -> bool:
    """Whether a person, and not time, has to mend it: no credits, a key that is refused."""
    return error.billing or error.key_problem


def hold_words(error: XaiError) -> str:
    if error.billing:
        return "no credits left at xAI, or its spending limit is reached. Add credits in the xAI console."
    return "xAI refuses the key. Set a working key on the Team page."
