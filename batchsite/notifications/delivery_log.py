"""The outcomes of deliveries, for the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from batchsite.notifications import news_words
from batchsite.notifications.models import Attempt, Delivery, DeliveryState, Destination
from batchsite.notifications.outcome_codes import words_of

SHOWN = 50
"""Deliveries of a log, the latest."""


@dataclass(frozen=True)
class Try:
    number: int
    at: datetime
    code: str
    words: str
    took_ms: int | None


@dataclass(frozen=True)
class LoggedDelivery:
    """A delivery with its attempts, the latest first."""

    delivery: Delivery
    title: str
    tone: str
    tries: Sequence[Try]

    @property
    def is_moving(self) -> bool:
        """Whether news can be expected soon."""
        return self.delivery.state == DeliveryState.WAITING and len(self.tries) < 2


_TONES = {DeliveryState.DELIVERED: "good", DeliveryState.GIVEN_UP: "bad"}


def log_of(destination: Destination, most: int = SHOWN) -> list[LoggedDelivery]:
    """Returns the latest deliveries, the latest first."""
    latest = destination.deliveries.select_related("news").prefetch_related("attempts").order_by("-pk")[:most]
    return [_entry(one) for one in latest]


def _entry(delivery: Delivery) -> LoggedDelivery:
    attempts = sorted(delivery.attempts.all(), key=lambda attempt: -attempt.number)
    failing = "warn" if attempts else ""
    tone = _TONES.get(DeliveryState(delivery.state), failing)
    return LoggedDelivery(delivery, news_words.title([delivery.news]), tone, [_try(one) for one in attempts])


def _try(attempt: Attempt) -> Try:
    return Try(attempt.number, attempt.started_at, attempt.code, words_of(attempt.code), attempt.took_ms)


@dataclass(frozen=True)
class Standing:
    """A destination, and how its last delivery went."""

    destination: Destination
    last: LoggedDelivery | None


def standings(found: Iterable[Destination]) -> list[Standing]:
    """Returns each destination with its last delivery. There are few of them."""
    return [Standing(one, next(iter(log_of(one, 1)), None)) for one in found]
