"""Rows are done once their due time has passed; counters follow by arithmetic, without a thread."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.sandbox.batch_clock import Batch, Schedule, schedule
from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_requests, ids


@pytest.fixture
def slow(tmp_path: Path) -> LocalSandbox:
    """Ten rows a second, after a delay of two seconds."""
    return LocalSandbox(tmp_path, Settings(rate=10, delay=2, settle=0))


def test_rows_finish_at_the_configured_rate(slow: LocalSandbox) -> None:
    batch_id = slow.filled(30)
    assert slow.counters(batch_id)["num_pending"] == 30
    slow.clock.tick(2.05)
    assert slow.counters(batch_id)["num_pending"] == 30
    slow.clock.tick(1)
    assert slow.counters(batch_id) | {"num_requests": 30} == slow.counters(batch_id)
    assert slow.counters(batch_id)["num_success"] == 10
    slow.clock.tick(10)
    assert slow.counters(batch_id)["num_success"] == 30


def test_results_and_counters_always_agree(slow: LocalSandbox) -> None:
    batch_id = slow.filled(30)
    for _ in range(60):
        slow.clock.tick(0.1)
        assert len(slow.results(batch_id)) == slow.counters(batch_id)["num_success"]


def test_later_add_queues_behind_an_earlier_one(slow: LocalSandbox) -> None:
    batch_id = slow.filled(30)
    slow.add(batch_id, chat_requests(30, first=31))
    slow.clock.tick(2 + 3 + 1.01)
    assert slow.counters(batch_id)["num_success"] == 40


def test_batches_do_not_wait_for_each_other(slow: LocalSandbox) -> None:
    first, second = slow.filled(30), slow.filled(30)
    slow.clock.tick(5.01)
    assert slow.counters(first) == slow.counters(second)
    assert slow.counters(second)["num_pending"] == 0


def test_the_state_of_each_request_is_listed(slow: LocalSandbox) -> None:
    batch_id = slow.filled(2)
    slow.clock.tick(2.15)
    assert [(row["state"], row["finish_time"]) for row in slow.requests(batch_id)] == [
        ("succeeded", "2026-08-10"),
        ("pending", None),
    ]


def test_new_rate_applies_to_later_requests(slow: LocalSandbox) -> None:
    batch_id = slow.filled(30)
    slow.set(rate=0, delay=0)
    later = slow.filled(30)
    assert slow.counters(batch_id)["num_pending"] == 30
    assert slow.counters(later)["num_pending"] == 0


def test_counters_are_zero_right_after_the_first_add(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=0, settle=0.5))
    batch_id = sandbox.filled(3)
    assert set(sandbox.counters(batch_id).values()) == {0}
    sandbox.clock.tick(0.6)
    assert sandbox.counters(batch_id)["num_success"] == 3
    sandbox.add(batch_id, chat_requests(3, first=4))
    assert sandbox.counters(batch_id)["num_requests"] == 6


def test_single_batch_can_be_completed(slow: LocalSandbox) -> None:
    first, second = slow.filled(30), slow.filled(30)
    assert slow.post("/admin/complete", {"batch_id": first}).json == {"completed": 1}
    assert slow.counters(first)["num_success"] == 30
    assert slow.counters(second)["num_success"] == 0
    slow.post("/admin/complete")
    assert slow.counters(second)["num_success"] == 30


def test_clock_can_be_advanced_for_one_batch_or_all(slow: LocalSandbox) -> None:
    first, second = slow.filled(30), slow.filled(30)
    slow.post("/admin/advance", {"seconds": 3.01, "batch_id": first})
    assert [slow.counters(batch_id)["num_success"] for batch_id in (first, second)] == [10, 0]
    slow.post("/admin/advance", {"seconds": 3.01})
    assert [slow.counters(batch_id)["num_success"] for batch_id in (first, second)] == [30, 10]


def test_created_is_the_time_the_row_finished(slow: LocalSandbox) -> None:
    batch_id = slow.filled(30)
    slow.clock.tick(10)
    row = slow.results(batch_id)[-1]
    assert row["batch_result"]["response"]["chat_get_completion"]["created"] == int(slow.clock.now) - 5
    assert ids([row]) == ["r030"]


@given(
    start=st.integers(0, 10**16),
    interval=st.integers(0, 10**10),
    count=st.integers(1, 300),
    at=st.integers(-(10**6), 10**12),
    backwards=st.booleans(),
)
def test_done_equals_the_number_of_due_times_passed(
    start: int, interval: int, count: int, at: int, backwards: bool
) -> None:
    plan = Schedule(start, interval, backwards)
    assert plan.done(count, start + at) == sum(due <= start + at for due in plan.dues(count))


@given(
    rate=st.floats(0.01, 10**6),
    delay=st.floats(0, 1000),
    count=st.integers(1, 200),
    gap=st.integers(0, 10**7),
)
def test_due_times_never_decrease_between_calls(rate: float, delay: float, count: int, gap: int) -> None:
    batch = Batch(1, "b", "t", "k", "n", None, 0, None, 0, 0, 0, None, None, None, None, 0, 0, 0)
    first = schedule(batch, 10**15, rate=rate, delay=delay).dues(count)
    after = Batch(1, "b", "t", "k", "n", None, 0, None, count, first[-1], 0, None, None, None, None, 0, 0, 0)
    second = schedule(after, 10**15 + gap, rate=rate, delay=delay).dues(count)
    assert sorted(first + second) == first + second
