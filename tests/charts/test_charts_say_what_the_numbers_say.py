"""A chart and the table behind it say the same, stay inside their box, and never hide what exists."""

from __future__ import annotations

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from batchsite.charts.chart import Entry, Series, area, columns, histogram, ranks
from batchsite.charts.scales import thinned, ticks

VALUES = st.floats(0, 1e15, allow_nan=False)


def _number(percent: str) -> float:
    return float(percent.removesuffix("%"))


@given(VALUES, st.integers(1, 8))
def test_an_axis_begins_at_nought_and_reaches_the_greatest_value(most: float, count: int) -> None:
    scale = ticks(most, count)
    assert scale[0] == 0
    assert scale[-1] >= most * (1 - 1e-6)
    assert 2 <= len(scale) <= count + 1


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=40))
def test_bars_stay_in_the_box_and_nothing_that_exists_is_invisible(pairs: list[tuple[float, float]]) -> None:
    one = Series("succeeded", [first for first, _ in pairs], "good")
    other = Series("failed", [second for _, second in pairs], "bad")
    chart = columns("k", "Rows", [str(place) for place in range(len(pairs))], [one, other])
    for bar, pair in zip(chart.bars, pairs, strict=True):
        assert len(bar.parts) == sum(value > 0 for value in pair)
        assert _number(bar.x) + _number(bar.width) <= 100.001
        for part in bar.parts:
            assert _number(part.height) >= 0.5
            assert _number(part.y) >= 0
    assert len(chart.rows) == len(pairs)
    assert len(chart.labels) <= 6


def test_a_stack_is_as_high_as_its_sum() -> None:
    chart = columns("k", "Rows", ["Mon"], [Series("a", [30.0], "good"), Series("b", [20.0], "bad")])
    assert round(sum(_number(part.height) for part in chart.bars[0].parts), 2) == 83.33
    assert chart.bars[0].words == "Mon: 30 a, 20 b"
    assert chart.rows == [("Mon", ["30", "20"], "")]


def test_a_line_goes_from_corner_to_corner() -> None:
    chart = area("k", "Rows", [(0, 0), (5, 10), (10, 20)])
    assert chart.line == "M0.00 100.00 L50.00 50.00 L100.00 0.00"
    assert chart.area.endswith("L100 100 L0 100 Z")


def test_a_line_may_end_below_what_can_be_reached() -> None:
    chart = area("k", "Rows", [(0, 0), (10, 50)], most=120)
    assert chart.line == "M0.00 100.00 L100.00 58.33"
    assert [rule.words for rule in chart.rules] == ["0", "50", "100"]
    assert [rule.at for rule in chart.rules] == ["100.000%", "58.333%", "16.667%"]


def test_long_words_below_a_histogram_are_fewer() -> None:
    edges = [float(edge) for edge in range(13)]
    counts = [1.0] * 12
    assert len(histogram("k", "Tokens", edges, counts).labels) == 5
    costs = histogram("k", "Cost", edges, counts, show_edge=lambda edge: f"$0.000{edge:02.0f}00")
    assert [label.words for label in costs.labels] == ["$0.0000000", "$0.0000500", "$0.0001000"]


def test_of_many_points_two_hundred_are_drawn_and_both_ends_are_kept() -> None:
    points = [(float(place), float(place)) for place in range(10_000)]
    some = thinned(points, 200)
    assert len(some) == 200
    assert (some[0], some[-1]) == (points[0], points[-1])


def test_the_words_of_a_chart_are_escaped_and_its_bars_are_links() -> None:
    chart = histogram("k", "Tokens <b>", [0, 10, 20], [3, 1], hrefs=["?a=1&b=2", "?a=2"])
    html = render_to_string("charts/chart.html", {"chart": chart})
    assert "<b>Tokens &lt;b&gt;</b>" in html
    assert 'href="?a=1&amp;b=2"' in html
    assert "0 – 10: 3 rows" in html
    assert 'role="group"' in html


def test_rows_with_bars_say_their_numbers() -> None:
    html = render_to_string(
        "charts/ranks.html",
        {"ranks": ranks("k", "Answers", [Entry("<i>", 4, "?x"), Entry("other", 1)])},
    )
    assert "&lt;i&gt;" in html
    assert 'width="100.000%"' in html
    assert 'width="25.000%"' in html


def test_without_numbers_it_says_so() -> None:
    for chart in (columns("k", "Spend", [], []), area("k", "Rows", []), histogram("k", "Cost", [0, 1], [0])):
        assert "Nothing yet." in render_to_string("charts/chart.html", {"chart": chart})
