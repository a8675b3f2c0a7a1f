from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine
from pytest_django import Settings

from tests.notifications.receiver import Receiver, running_receiver


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as travel:
        yield travel


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A server for webhooks on this machine, which the operator allows."""
    settings.OPTIONS = replace(settings.OPTIONS, notify_private=True, site_url="https://batches.example.org")
    with running_receiver() as running:
        yield running
