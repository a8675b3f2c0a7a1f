"""Deliveries are sent: intent, network, outcome.

An attempt is on record, and with it when the next one is due, before anything is sent. So a process that dies in
between leaves an attempt without an outcome, and the delivery is sent again in time, under the same id.
Several destinations are served at the same time, by threads that know no database.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db.models import F, Min
from django.utils import timezone

from batchsite.notifications import destinations, mail_call
from batchsite.notifications.chat_call import ChatCall
from batchsite.notifications.destinations import Unreadable
from batchsite.notifications.models import Attempt, Channel, Delivery, DeliveryState, Destination, Kind
from batchsite.notifications.outcome_codes import UNREADABLE, DeliveryOutcome
from batchsite.notifications.payload import body_of
from batchsite.notifications.webhook_call import GONE, WebhookCall
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import Busy, Claim, LeaseLost, claimed
from batchsite.teams.models import Membership
from batchsite.timeouts import soon, timeouts

RETRIES = (5, 60, 300, 1800, 7200, 18_000, 28_800, 28_800)
"""Seconds after each failed attempt until the next: nine attempts within a day."""
AT_ONCE = 8
"""Destinations served at the same time."""
MOST_IN_ONE = 200
"""Pieces of news in one mail or message."""


class DeliveryCall(Protocol):
    def make(self) -> DeliveryOutcome: ...


@dataclass(frozen=True)
class Ready:
    """Deliveries whose attempts are on record, and the call that makes them."""

    claim: Claim[Destination]
    attempts: Sequence[Attempt]
    call: DeliveryCall


@dataclass(frozen=True)
class Nothing:
    """A call that cannot be made."""

    code: str

    def make(self) -> DeliveryOutcome:
        return DeliveryOutcome(self.code)


def deliver(destination_ids: Sequence[int]) -> None:
    """Sends what is due at some destinations, for a few seconds at most. Those that others hold are left out."""
    until = time.monotonic() + timeouts().step
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        claims = []
        for pk in destination_ids:
            with suppress(Busy):
                claims.append(stack.enter_context(claimed(Destination, pk)))
        while claims:
            ready = [one for claim in claims if (one := _prepared(claim))]
            outcomes = pool.map(_made, ready)
            for one, (outcome, took) in zip(ready, outcomes, strict=True):
                _record(one, outcome, took)
            if not ready or stopping() or time.monotonic() > until:
                break
        for claim in claims:
            claim.next_look_at = _next_look(claim.pk)


def _made(ready: Ready) -> tuple[DeliveryOutcome, int]:
    began = time.monotonic()
    outcome = ready.call.make()
    return outcome, int(1000 * (time.monotonic() - began))


# ---- intent ----------------------------------------------------------------------------------------------


def _prepared(claim: Claim[Destination]) -> Ready | None:
    """Records the attempts that are made now. None if nothing is due, or another process took over."""
    destination = Destination.objects.filter(pk=claim.pk).first()  # None: removed by somebody just now
    some = _due(destination) if destination and not destination.paused_at else []
    if not destination or not some:
        return None
    call = _call(destination, some)
    with suppress(LeaseLost), claim.locked():
        return Ready(claim, [_intend(one) for one in some], call)
    return None


def _due(destination: Destination) -> list[Delivery]:
    """What goes into the next call: a webhook is about one piece of news, a mail or message about many."""
    now = timezone.now()
    _drop_what_is_no_business(destination)
    due = destination.deliveries.filter(due_at__lte=now).select_related("news").order_by("due_at", "pk")
    tests = due.filter(news__kind=Kind.TEST)
    if destination.channel == Channel.WEBHOOK or tests.exists():
        return list((tests if tests.exists() else due)[:1])
    return [] if now < _silent_until(destination) else list(due[:MOST_IN_ONE])


def _drop_what_is_no_business(destination: Destination) -> None:
    """Drops news that a person may no longer see: they left the team, or may not sign in."""
    if destination.person_id is None:
        return
    waiting = destination.deliveries.filter(due_at__isnull=False)
    theirs = Membership.objects.filter(user=destination.person_id, user__is_active=True).values("team")
    waiting.exclude(news__team__in=theirs).update(state=DeliveryState.GIVEN_UP, due_at=None)


def _silent_until(destination: Destination) -> datetime:
    last = destination.sent_at or destination.created_at - timedelta(days=1)
    is_chat = destination.channel == Channel.CHAT
    return last + timedelta(seconds=timeouts().between_messages if is_chat else timeouts().between_mails)


def _intend(delivery: Delivery) -> Attempt:
    """Records an attempt as if it would fail: when the next one is due, or that it was the last."""
    is_last = delivery.tries >= len(RETRIES)
    Delivery.objects.filter(pk=delivery.pk).update(
        tries=F("tries") + 1,
        state=DeliveryState.GIVEN_UP if is_last else DeliveryState.WAITING,
        due_at=None if is_last else soon(RETRIES[delivery.tries]),
    )
    return Attempt.objects.create(delivery=delivery, number=delivery.attempts.count() + 1)


def _call(destination: Destination, some: Sequence[Delivery]) -> DeliveryCall:
    news = [one.news for one in some]
    try:
        address = destinations.unseal(destination.address) if destination.address is not None else ""
        if destination.channel == Channel.WEBHOOK:
            secrets = destinations.secrets_of(destination)
            return WebhookCall(some[0].webhook_id, address, secrets, body_of(news[0]))
        if destination.channel == Channel.CHAT:
            return ChatCall(address, news)
    except Unreadable:
        return Nothing(UNREADABLE)
    return mail_call.prepared(destination, some[0].webhook_id, news)


# ---- outcome -----------------------------------------------------------------------------------------------


def _record(ready: Ready, outcome: DeliveryOutcome, took: int) -> None:
    """Records the outcomes of the attempts. If another process took over meanwhile, it sends them again."""
    now = timezone.now()
    ids = [attempt.delivery_id for attempt in ready.attempts]
    with suppress(LeaseLost), ready.claim.locked() as destination:
        Attempt.objects.filter(pk__in=[one.pk for one in ready.attempts]).update(code=outcome.code[:24], took_ms=took)
        if outcome.is_delivered:
            Delivery.objects.filter(pk__in=ids).update(state=DeliveryState.DELIVERED, due_at=None)
            destination.sent_at = now
        elif outcome.code == str(GONE):
            Delivery.objects.filter(pk__in=ids).update(state=DeliveryState.GIVEN_UP, due_at=None)
            destination.paused_at = now
        destination.save(update_fields=["sent_at", "paused_at"])


def _next_look(destination_id: int) -> datetime | None:
    """When something is due there next. None if nothing is."""
    destination = Destination.objects.filter(pk=destination_id).first()
    if destination is None:
        return None
    waiting = destination.deliveries.filter(due_at__isnull=False)
    first: datetime | None = waiting.aggregate(first=Min("due_at"))["first"]
    if destination.paused_at or first is None:
        return None
    if destination.channel == Channel.WEBHOOK or waiting.filter(news__kind=Kind.TEST).exists():
        return first
    return max(first, _silent_until(destination))
