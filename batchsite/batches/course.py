"""How many rows of a batch were done at which time: up to a few hundred points, for its chart only."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from batchsite.batches.models import Pace

POINTS = 200
FIRST_GAP = 2
"""Seconds between two points at first. The gap doubles whenever there would be too many points."""
Points = list[list[int]]


def with_point(points: Points, every: int, second: int, done: int) -> tuple[Points, int]:
    """Returns (the points with one more, the gap between them in seconds).

    A point in the same second as the last one, or too close to the last but one, replaces the last one.
    """
    if len(points) > 1 and (second == points[-1][0] or second - points[-2][0] < every):
        points = [*points[:-1], [second, done]]
    else:
        points = [*points, [second, done]]
    if len(points) > POINTS:
        points, every = [*points[:-1:2], points[-1]], every * 2
    return points, every


def record_progress(batch_id: int, done: int, began_at: datetime | None) -> None:
    """Record how many rows are done, in the transaction that changed the number."""
    pace, _ = Pace.objects.get_or_create(batch_id=batch_id, defaults={"began_at": began_at or timezone.now()})
    second = max(0, int((timezone.now() - pace.began_at).total_seconds()))
    points, every = with_point(pace.points or [[0, 0]], pace.every, second, done)
    Pace.objects.filter(pk=batch_id).update(points=points, every=every)
