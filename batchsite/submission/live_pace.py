"""Whether, how fast and how many rows may be asked live.

xAI's limits a minute are told by the headers of its replies (facts 1.1, 5), and kept for each key, for all processes
together. No header says when a limit is free again, so what is left of it slows the asking down before it is used up.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from batchsite.batches.models import CallBudget, Submission
from batchsite.batches.states import HeldFor
from batchsite.pricing.spend_caps import SpendCap, spend_cap_of
from batchsite.submission import live_rows
from batchsite.submission.cap_guard import held_words
from batchsite.submission.restore import unconfirmed_live
from batchsite.teams.accounts import Account
from batchsite.timeouts import timeouts
from batchsite.xai.rate_limits import RateLimits

ENOUGH = 0.1
"""Share of a limit above which nothing is slowed down."""


def seconds_to_ask(account: Account) -> float:
    """Returns seconds until the next row may be asked; 0 if it may be now."""
    free_at = CallBudget.objects.filter(pk=_name(account)).values_list("free_at", flat=True).first()
    return max(0.0, (free_at - timezone.now()).total_seconds()) if free_at else 0.0


def pause(account: Account, seconds: float) -> None:
    """Lets nobody ask with this key for this long."""
    until = timezone.now() + timedelta(seconds=seconds)
    budget, is_new = CallBudget.objects.get_or_create(name=_name(account), defaults={"free_at": until})
    if not is_new:
        CallBudget.objects.filter(pk=budget.pk).update(free_at=Greatest(F("free_at"), Value(until, DateTimeField())))


def slow_down(account: Account, limits: RateLimits) -> None:
    """Pauses for longer the less is left of a limit: for a whole poll if nothing is."""
    missing = 1 - limits.share_left / ENOUGH
    if missing > 0:
        pause(account, timeouts().poll * missing)


def _name(account: Account) -> str:
    return f"{account.fingerprint} live"


# ---- how many, and whether at all ------------------------------------------------------------------------

MOST_LOST = 3
"""Replies lost in a row before a person has to say whether to go on: each may have cost something."""
_TOO_MANY = (
    f"the replies to the last {MOST_LOST} rows were lost. Each may have been answered and billed. Nothing more is "
    "sent until you press Resume."
)


def word_wanted(submission: Submission) -> tuple[str, HeldFor]:
    """Returns (why nothing is asked before a person said so, what that is about); no words if it may be."""
    if live_rows.replies_get_lost(submission, MOST_LOST):
        return _TOO_MANY, HeldFor.LOST
    cap = _cap(submission)
    if cap and not (cap.fits or cap.in_flight or submission.cancel_asked_at) and live_rows.unasked_count(submission):
        return held_words(cap), HeldFor.CAP
    return unconfirmed_live(submission, live_rows.unasked_count(submission)), HeldFor.RESTORE


def room(submission: Submission) -> int:
    """Returns how many more rows xAI may be given: one by one at first and after a fault, which then costs little."""
    is_well = live_rows.is_well(submission) and not submission.faults
    most = settings.OPTIONS.live_requests if is_well else 1
    free = int(most - live_rows.requests_of(submission, *live_rows.IN_FLIGHT).count())
    cap = _cap(submission)
    return min(free, cap.fits) if cap else free


def _cap(submission: Submission) -> SpendCap | None:
    return None if submission.batch.spend_cap_ticks is None else spend_cap_of(submission.batch_id)
