"""Rates, time left and projected cost, by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from batchsite.batches.time_left import left_in_words, seconds_left
from batchsite.results.progress import busy, projected


@pytest.mark.parametrize(
    ("done", "total", "seconds", "left"),
    [
        (500, 1000, 60, 60),
        (1000, 1000, 60, 0),
        (7166, 10_003, 720, pytest.approx(285.04, abs=0.1)),
        (0, 1000, 60, None),
        (9, 1000, 60, None),
        (100, 1000, 4, None),
        (2, 3, 60, None),
        (3, 3, 60, 0),
    ],
)
def test_time_left_follows_the_rate_so_far(done: int, total: int, seconds: float, left: float | None) -> None:
    assert seconds_left(done, total, seconds) == left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "less than a minute left"),
        (49, "less than a minute left"),
        (50, "about 1 minute left"),
        (290, "about 5 minutes left"),
        (12 * 60, "about 10 minutes left"),
        (13 * 60, "about 15 minutes left"),
        (80 * 60, "about 80 minutes left"),
        (100 * 60, "about 2 hours left"),
        (35 * 3600, "about 35 hours left"),
        (50 * 3600, "about 2 days left"),
    ],
)
def test_time_left_is_said_as_people_say_it(seconds: float | None, words: str) -> None:
    assert left_in_words(seconds) == words


@pytest.mark.parametrize(
    ("cost", "succeeded", "total", "whole"),
    [(1000, 10, 100, 10_000), (1000, 10, 10, 1000), (0, 0, 100, None), (0, 10, 100, None), (1000, 3, 10, 3333)],
)
def test_the_whole_costs_what_the_answers_so_far_did(cost: int, succeeded: int, total: int, whole: int | None) -> None:
    assert projected(cost, succeeded, total) == whole


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [
        ([], 0),
        ([(0, 5)], 5),
        ([(0, 5), (60, 61)], 6),
        ([(0, 5), (3, 9)], 9),
        ([(0, 10), (2, 4)], 10),
        ([(60, 61), (0, 5)], 6),
        ([(5, 4)], 0),
    ],
)
def test_only_the_time_that_was_worked_counts(spans: list[tuple[int, int]], minutes: int) -> None:
    def at(minute: int) -> datetime:
        return datetime(2026, 11, 22) + timedelta(minutes=minute)  # noqa: DTZ001

    assert busy((at(begin), at(end)) for begin, end in spans) == timedelta(minutes=minutes)
