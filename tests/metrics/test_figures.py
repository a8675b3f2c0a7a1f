"""What Prometheus reads, and who may read it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from batchsite.batches.models import Batch
from batchsite.metrics import call_counts
from batchsite.metrics.call_counts import CallCounter, operation_of
from batchsite.metrics.figures import exposition
from batchsite.metrics.models import ProviderCalls
from batchsite.teams.models import Team, User
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError
from tests.factories import make_dataset
from tests.sandboxes import Sandbox
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.django_db


def figures() -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name and labels, as Prometheus understands them."""
    families = text_string_to_metric_families(exposition().decode())
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples} for family in families
    }


def test_batches_rows_and_what_is_held_are_counted(team: Team, alice: User) -> None:
    an_ended_batch(team, alice, rows=2)
    Batch.objects.create(
        team=team, dataset=make_dataset(team), state="processing", held_for="credits", held_reason="No credits left."
    )
    known = figures()
    assert known["batchsite_batches"] == {("completed",): 1, ("processing",): 1}
    assert known["batchsite_batches_held"] == {("credits",): 1}
    assert known["batchsite_rows"]["succeeded",] == 2


def test_what_is_due_and_not_done_shows_its_age(team: Team) -> None:
    due = timezone.now() - timedelta(seconds=90)
    make_dataset(team, state="importing", next_look_at=due)
    ages = figures()["batchsite_oldest_due_seconds"]
    assert 90 <= ages["dataset",] < 120
    assert ages["submission",] == 0


@pytest.fixture
def counter() -> Iterator[CallCounter]:
    """A counter of its own, on the client's logger."""
    counter, logger = CallCounter(), logging.getLogger("batchsite.xai")
    logger.addHandler(counter)
    logger.setLevel(logging.INFO)
    yield counter
    logger.removeHandler(counter)


def test_calls_to_xai_are_counted_by_what_became_of_them(sandbox: Sandbox, counter: CallCounter) -> None:
    client = XaiClient(sandbox.key, sandbox.url, retries=0)
    for _ in range(2):
        client.list_batches()
    with pytest.raises(XaiError):
        client.get_batch("batch_0815")
    assert not ProviderCalls.objects.exists(), "nothing is written inside somebody's transaction"
    counter.write()
    counter.write()
    counts = figures()["batchsite_provider_calls"]
    assert counts == {("GET batches", "ok"): 2, ("GET batches/*", "NotFound"): 1}


def test_ids_are_no_part_of_an_operation() -> None:
    assert operation_of("POST /batches/batch_4f-2/requests") == "POST batches/*/requests"
    assert operation_of("POST batches/batch_4:cancel") == "POST batches/*:cancel"
    assert operation_of("GET chat/deferred-completion/0f3e") == "GET chat/deferred-completion/*"


def test_metrics_are_there_for_the_token_alone(client: Client, settings: Settings) -> None:
    def status(token: str) -> int:
        return client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code

    assert (status(""), status("long enough")) == (404, 404)
    settings.OPTIONS = replace(settings.OPTIONS, metrics_token="long enough")
    assert (status(""), status("wrong"), client.get("/metrics").status_code) == (404, 404, 404)
    assert status("long enough") == 200


@pytest.mark.django_db(transaction=True)
def test_a_process_that_makes_no_more_calls_writes_after_its_next_task(
    sandbox: Sandbox, counter: CallCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_counts, "FLUSH_SECONDS", math.inf)
    XaiClient(sandbox.key, sandbox.url).list_batches()
    assert not ProviderCalls.objects.exists()
    monkeypatch.setattr(call_counts, "FLUSH_SECONDS", 0)
    call_counts.write_what_is_due()
    assert ProviderCalls.objects.get().count == 1
