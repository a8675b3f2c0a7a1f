"""Axes: round steps up to a maximum, and round edges for a histogram. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEAST = 1e-100
"""What is smaller counts as nought: its logarithm would leave the range of floats."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def round_step(most: float, count: int, *, whole: bool = False) -> float:
    """The least step of 1, 2, 2.5 or 5 times a power of ten that reaches `most` in `count` steps."""
    if most <= LEAST or not math.isfinite(most):
        return 1.0
    least = most / count
    power = 10.0 ** math.floor(math.log10(least))
    step = next((factor * power for factor in STEPS if factor * power >= least * (1 - 1e-9)), 10 * power)
    if whole:
        step = max(1.0, math.ceil(step) if step < 10 else step)
    return step


def ticks(most: float, count: int = 3, *, whole: bool = False) -> list[float]:
    """0 and round values above it; the last one is the top of the axis, at least `most`."""
    step = round_step(most, count, whole=whole)
    steps = max(1, math.ceil(most / step - 1e-9)) if most > 0 else 1
    return [step * number for number in range(steps + 1)]


def edges(least: float, most: float, count: int = 12) -> list[float]:
    """Round edges of at most `count` + 1 bins of one width, from `least` or below to above `most`."""
    step = round_step(max(most - least, 1e-9), count, whole=float(least).is_integer() and float(most).is_integer())
    first = math.floor(least / step)
    last = max(first + 1, math.floor(most / step) + 1)
    return [step * number for number in range(first, last + 1)]


def thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most `most` of the points, the first and the last among them, evenly by their place in the sequence."""
    if len(points) <= most:
        return list(points)
    last = len(points) - 1
    return [points[round(number * last / (most - 1))] for number in range(most)]
