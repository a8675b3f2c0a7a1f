"""How far a batch was at which time is kept as a few hundred points, however long it runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from batchsite.batches.course import POINTS, Points, with_point
from batchsite.batches.models import DailySpend, Pace
from batchsite.results.course_chart import course
from batchsite.teams.models import Team
from tests.pipeline import drive, make_batch
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.databases


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), max_size=1500))
def test_points_stay_few_in_order_and_end_where_the_batch_is(steps: list[tuple[int, int]]) -> None:
    points: Points = [[0, 0]]
    every, second, done = 2, 0, 0
    for seconds, rows in steps:
        second, done = second + seconds, done + rows
        points, every = with_point(points, every, second, done)
    assert len(points) <= POINTS + 1
    assert points[-1] == [second, done]
    assert points[0] == [0, 0]
    assert [point[0] for point in points] == sorted(point[0] for point in points)


def test_a_batch_that_runs_leaves_its_course_and_its_rows_of_the_day(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", ids=["tickets-row-2"], text="Refused.")
    batch = drive(make_batch(team, 6))
    pace = Pace.objects.get(batch=batch)
    assert pace.points[0] == [0, 0]
    assert pace.points[-1][1] == 6
    chart = course(pace, 12)
    assert chart
    assert chart.line
    assert chart.rows[-1][1] == ["6"]
    assert chart.line.endswith(" 50.00"), "half of its rows are half the height"
    assert DailySpend.objects.filter(team=team).values_list("rows", "failed").get() == (6, 1)


def test_the_course_of_a_running_batch_goes_on_to_what_the_provider_reports_now(team: Team) -> None:
    began = timezone.now()
    pace = Pace(began_at=began, points=[[0, 0], [10, 40]])
    chart = course(pace, 100, (began + timedelta(seconds=20), 60))
    assert chart
    assert chart.rows[-1][:2] == ("20 s", ["60"])
    still = course(pace, 100, (began + timedelta(seconds=20), 0))
    assert still
    assert still.rows[-1][:2] == ("20 s", ["40"])


def test_before_anything_came_there_is_no_chart(team: Team) -> None:
    assert course(None, 6) is None
