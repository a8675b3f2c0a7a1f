"""A few tried rows are steadied by what is usual; plainly different ones are believed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from batchsite.pricing.lessons import MOST_KIN, Lesson, sum_of


def thought(tokens: Iterable[int]) -> Lesson:
    return sum_of(Lesson.of(100, 220, cached=128, completion=8, reasoning=one, kept_ticks=None) for one in tokens)


USUAL = thought([75] * MOST_KIN)


def test_alone_they_are_what_they_are() -> None:
    assert thought([60, 80]).leaning("reasoning", []) == 70
    assert thought([60, 80]).leaning("completion", []) == 8


def test_five_rows_meet_the_usual_half_way() -> None:
    assert thought([90, 100, 110, 80, 70]).leaning("reasoning", [USUAL]) == pytest.approx((90 + 75) / 2)


def test_many_rows_hardly_move() -> None:
    assert 89 < thought([70, 90, 110] * 100).leaning("reasoning", [USUAL]) <= 90


@pytest.mark.parametrize("tokens", [0, 400], ids=["none", "far more"])
def test_rows_that_contradict_it_are_believed(tokens: int) -> None:
    assert thought([tokens] * 5).leaning("reasoning", [USUAL]) == tokens


def test_many_answers_of_others_count_for_five_at_most() -> None:
    own = thought([80, 90, 100, 90, 90])
    assert own.leaning("reasoning", [thought([75] * 1000)]) == own.leaning("reasoning", [USUAL])


def test_what_an_earlier_version_stored_is_still_read() -> None:
    stored = {"answers": 5, "reasoning_tokens": 450, "output_tokens": 500, "cached_tokens": 640}
    assert 75 < Lesson.from_json(stored).leaning("reasoning", [USUAL]) <= 90
