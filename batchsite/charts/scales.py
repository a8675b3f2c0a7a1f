"""Axes with round steps, and the thinning of many points. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEAST = 1e-100
"""Anything smaller counts as zero: its logarithm would leave the range of floats."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def round_step(most: float, count: int, *, whole: bool = False) -> float:
    """Returns the least step of 1, 2, 2.5 or 5 times a power of ten that reaches `most` in `count` steps."""
    if most <= LEAST or not math.isfinite(most):
        return 1.0
    least = most / count
    power = 10.0 ** math.floor(math.log10(least))
    step = next((factor * power for factor in STEPS if factor * power >= least * (1 - 1e-9)), 10 * power)
    if whole:
        step = max(1.0, math.ceil(step) if step < 10 else step)
    return step


def ticks(most: float, count: int = 3, *, whole: bool = False) -> list[float]:
    """Returns 0 and round values above it; the last one is the top of the axis, at least `most`."""
    step = round_step(most, count, whole=whole)
    steps = max(1, math.ceil(most / step - 1e-9)) if most > 0 else 1
    return [step * number for number in range(steps + 1)]


def thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Returns at most `most` of the points, evenly spaced in the sequence, including the first and the last."""
    if len(points) <= most:
        return list(points)
    last = len(points) - 1
    return [points[round(number * last / (most - 1))] for number in range(most)]
