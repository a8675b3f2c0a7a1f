"""Jobs of the queue: read the provider's models and prices again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from batchsite.pricing import model_prices
from batchsite.processes.queue import Job, enqueue

HERE = "batchsite.pricing.tasks"


def due(now: datetime) -> Iterable[Job]:
    """Yields a refresh for each provider whose list of models is out of date."""
    return model_prices.due(now)


def ask_for_prices(account_kind: str, team_id: int) -> None:
    """Queues a job that reads the provider's models and prices now."""
    enqueue(Job(f"{HERE}.refresh_prices", (account_kind, team_id)))


def refresh_prices(account_kind: str, team_id: int) -> None:
    model_prices.refresh(account_kind, team_id)
