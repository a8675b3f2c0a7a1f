"""The progress of a batch over time as a chart, and its current rate."""

from __future__ import annotations

from datetime import datetime, timedelta

from batchsite.batches.models import Pace
from batchsite.charts.chart import Chart, area, plain
from batchsite.wording import duration


def course(pace: Pace | None, total: int, now: tuple[datetime, int] | None = None) -> Chart | None:
    """Returns the chart of rows done over time, up to `total`. None before there is anything to draw.

    While the batch runs, `now` (time, rows done) extends the line to the present, so that a standstill is visible.
    """
    if pace is None or len(pace.points) < 2:
        return None
    points = [(float(second), float(done)) for second, done in pace.points]
    if now is not None:
        at, done = now
        points.append((max(points[-1][0], (at - pace.began_at).total_seconds()), max(points[-1][1], float(done))))
    head = ("After", "Rows done")
    return area("course", "Rows done over time", points, show_x=_after, show=plain, head=head, most=total)


RECENT = 20
"""Latest points from which the current rate is computed."""


def rate(pace: Pace | None) -> str:
    """Returns the current rate in rows per second or minute. Empty if unknown."""
    points = pace.points[-RECENT:] if pace else []
    seconds, rows = (points[-1][0] - points[0][0], points[-1][1] - points[0][1]) if len(points) > 1 else (0, 0)
    if seconds < 1 or rows < 1:
        return ""
    if rows >= seconds:
        return f"{plain(round(rows / seconds))} rows a second"
    return f"{plain(round(60 * rows / seconds))} rows a minute" if 60 * rows >= seconds else "less than a row a minute"


def _after(seconds: float) -> str:
    return "start" if seconds < 1 else duration(timedelta(seconds=seconds))
