"""The parts that pages are made of: numbers in words, the bar, fields, pagers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from batchsite import wording
from batchsite.templatetags import parts, words


@pytest.mark.parametrize(
    ("ticks", "text"),
    [
        (None, "—"),
        (0, "$0"),
        (1, "< $0.0001"),
        (999_999, "< $0.0001"),
        (1_000_000, "$0.0001"),
        (14_927_000_000, "$1.4927"),
        (99_999_000_000, "$9.9999"),
        (100_000_000_000, "$10.00"),
        (12_345_678_900_000_000, "$1,234,567.89"),
    ],
)
def test_ticks_are_told_in_dollars(ticks: int | None, text: str) -> None:
    assert wording.dollars(ticks) == text


@pytest.mark.parametrize(
    ("ticks", "text"),
    [(50_000_000_000, "$5.00"), (12_000_000_000_000, "$1,200.00"), (14_927_001_200, "$1.49270012"), (0, "$0")],
)
def test_amounts_that_a_person_typed_have_cents_and_no_idle_digits(ticks: int, text: str) -> None:
    assert wording.exact(ticks) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        *((0, "$0"), (0.00003, "< $0.0001"), (0.0000999, "$0.00010"), (0.00421, "$0.0042"), (0.0999, "$0.10")),
        *(
            (1.349, "$1.30"),
            (7.7712, "$7.80"),
            (9.96, "$10.00"),
            (12.47, "$12.50"),
            (99.97, "$100"),
            (1247.3, "$1,250"),
        ),
    ],
)
def test_an_estimate_is_rounded_to_what_it_can_know(dollars: float, text: str) -> None:
    assert wording.about(round(dollars * wording.TICKS_PER_DOLLAR)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (9999, "9,999"), (14_000, "14 k"), (580_123, "580 k"), (1_460_000, "1.46 M"), (2_000_000_000, "2 G")],
)
def test_large_numbers_are_shortened(value: int | None, text: str) -> None:
    assert wording.compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1234, "1.2 kB"),
        (335_000_000, "335 MB"),
        (2_500_000_000_000, "2500 GB"),
    ],
)
def test_bytes_are_told_in_the_unit_that_fits(value: int | None, text: str) -> None:
    assert wording.size(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "0 %"), (0, 10, "0 %"), (1, 1000, "< 1 %"), (7203, 10003, "72 %"), (9999, 10000, "99 %"), (5, 5, "100 %")],
)
def test_a_hundred_per_cent_is_said_only_when_nothing_is_left(part: int, whole: int, text: str) -> None:
    assert wording.percent(part, whole) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0.2, "0 s"),
        (59.4, "59 s"),
        (timedelta(seconds=90), "2 min"),
        (timedelta(minutes=59, seconds=40), "1 h"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(days=2, hours=4), "2 d 4 h"),
        (timedelta(days=1), "1 d"),
    ],
)
def test_a_length_of_time_is_told_in_the_unit_that_fits(value: timedelta | float | None, text: str) -> None:
    assert wording.duration(value) == text


def test_times_are_exact_for_machines_and_readable_without_a_script() -> None:
    moment = datetime(2026, 11, 3, 14, 2, 5, tzinfo=UTC)
    assert words.when(moment) == (
        '<time datetime="2026-11-03T14:02:05+00:00" data-time="near">3 Nov 2026, 14:02 UTC</time>'
    )
    assert words.day(moment) == '<time datetime="2026-11-03T14:02:05+00:00" data-time="day">3 Nov 2026</time>'
    assert words.clock(None) == "—"


def rows(**counts: int) -> Any:
    return SimpleNamespace(
        **{"total": 0, "succeeded": 0, "failed": 0, "cancelled": 0, "missing": 0, "skipped": 0, **counts}
    )


def test_the_bar_says_in_words_what_it_draws() -> None:
    drawn = parts.bar(rows(total=10003, succeeded=7166, failed=37))
    assert drawn["label"] == "7,166 succeeded, 37 failed, 2,800 pending"
    assert parts.bar(rows(total=9, succeeded=7, skipped=2))["label"] == "7 succeeded, 2 skipped"
    assert parts.bar(rows())["label"] == "No rows"
    page = render_to_string("parts/_bar.html", drawn)
    assert 'role="img" aria-label="7,166 succeeded, 37 failed, 2,800 pending"' in page
    assert re.findall(r'<rect class="(\w+)"', page) == ["good", "bad"]


def test_a_bar_that_grows_has_all_its_parts_from_the_start() -> None:
    for counted in (rows(), rows(total=9), rows(total=9, succeeded=7, failed=1, skipped=1)):
        page = render_to_string("parts/_bar.html", parts.bar(counted, "live"))
        assert re.findall(r'<rect class="(\w+)"', page) == ["good", "bad", "warn", "rest", "rest", "ahead"]
    assert re.findall(r'<rect class="\w+" x="([\d.]+)%" width="([\d.]+)%"', page)[1:] == [
        ("77.778", "11.111"), ("88.889", "0.000"), ("88.889", "0.000"), ("88.889", "11.111"), ("100.000", "0.000"),
    ]  # fmt: skip


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=5))
def test_nothing_in_the_bar_is_invisible_and_it_fits(counts: list[int]) -> None:
    shown = parts.shares([("good", count) for count in counts])
    assert all(float(part["width"]) > 0.5 for part in shown)
    end = 0.0
    for part in shown:
        assert float(part["start"]) == pytest.approx(end, abs=0.01)
        end = float(part["start"]) + float(part["width"])
    assert end == pytest.approx(100, abs=0.01)


class Sample(forms.Form):
    name = forms.CharField(help_text="As people call it.")
    tick = forms.BooleanField(label="Yes", required=False)
    pick = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")], widget=forms.RadioSelect)


def field(name: str, form: Sample) -> str:
    return render_to_string("parts/_field.html", {"field": form[name]})


def test_a_field_ties_label_hint_and_error_together() -> None:
    page = field("name", Sample({"name": ""}))
    assert '<label for="id_name">Name</label>' in page
    described = re.search(r'aria-describedby="([^"]+)"', page)
    assert described
    for target in described[1].split():
        assert f'id="{target}"' in page
    assert 'aria-invalid="true"' in page
    assert "This field is required." in page


def test_ticks_and_picks_are_labelled() -> None:
    assert re.search(r'<label for="id_tick"><input[^>]*> <span>Yes</span></label>', field("tick", Sample()))
    assert "<legend>Pick</legend>" in field("pick", Sample())
    assert field("pick", Sample()).count('<label class="choice">') == 2


def test_a_pager_shows_only_the_ways_that_exist() -> None:
    def pager(**context: str) -> str:
        return render_to_string("parts/_pager.html", context)

    assert pager().strip() == ""
    assert 'rel="next" href="?after=50"' in pager(next="?after=50", shown="Rows 1 to 50")
    assert "Previous" not in pager(next="?after=50")


def test_a_label_may_go_on_in_a_new_line_behind_its_joints() -> None:
    assert words.breakable("card_arrival") == "card_<wbr>arrival"
    assert words.breakable("<b>_a.") == "&lt;b&gt;_<wbr>a."
    assert words.breakable("") == ""
