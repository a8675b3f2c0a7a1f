"""Every fault of a call has one of the outcomes that the tests of the pipeline play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError
from tests.faults import FAULTS, READS, WRITES
from tests.sandboxes import Sandbox, running_sandbox


class Outcome(NamedTuple):
    """All that the pipeline acts on: a fault is none of the errors that it knows by their class."""

    is_applied: bool
    unknown_outcome: bool
    retryable: bool
    says_when: bool
    """Whether the error says how long to wait."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def outcome(sandbox: Sandbox, call: str, fault: str) -> Outcome:
    """Returns what comes of a call under the fault."""
    sandbox.reset()
    with XaiClient(sandbox.key, sandbox.url, retries=0, total_timeout=0.5) as client:
        calls: dict[str, Callable[[], object]] = {
            "create": lambda: client.create_batch(fault),
            "list": lambda: next(client.iter_batches(), None),
        }
        sandbox.fault(**FAULTS[fault] | {"times": 1, "call": call})
        with pytest.raises(XaiError) as caught:
            calls[call]()
    error = caught.value
    assert type(error).__name__ in {"ConnectionLost", "TimedOut", "BadAnswer", "RateLimited", "ServerError"}
    is_applied = fault in {batch["name"] for batch in sandbox.batches()}  # not one of an earlier call that came late
    return Outcome(is_applied, error.unknown_outcome, error.retryable, bool(error.retry_after))


def outcomes(sandbox: Sandbox, call: str, faults: tuple[str, ...]) -> set[Outcome]:
    return {outcome(sandbox, call, fault) for fault in faults}


def test_the_pipeline_plays_every_outcome_of_a_call_that_changes_something(sandbox: Sandbox) -> None:
    played = outcomes(sandbox, "create", WRITES)
    assert {fault: outcome(sandbox, "create", fault) in played for fault in FAULTS} == dict.fromkeys(FAULTS, True)


def test_the_pipeline_plays_every_outcome_of_a_call_that_only_reads(sandbox: Sandbox) -> None:
    played = outcomes(sandbox, "list", READS)
    assert {fault: outcome(sandbox, "list", fault) in played for fault in FAULTS} == dict.fromkeys(FAULTS, True)
