"""What is retried, and after how long (facts 1.5)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai import errors
from batchsite.xai.classification import classify
from batchsite.xai.errors import XaiError, make_error
from batchsite.xai.retry_after import parse_retry_after
from batchsite.xai.retry_policy import delay, should_retry

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)

STATUSES = [
    # status, GET again, POST again
    (400, False, False),
    (401, False, False),
    (403, False, False),
    (404, False, False),
    (408, True, False),
    (409, True, False),
    (412, False, False),
    (422, False, False),
    (429, True, True),
    (500, True, False),
    (501, False, False),
    (502, True, False),
    (503, True, False),
    (504, True, False),
    (522, False, False),
    (529, True, False),
    (302, False, False),
]


@pytest.mark.parametrize(("status", "get", "post"), STATUSES)
def test_which_statuses_are_retried(status: int, get: bool, post: bool) -> None:
    assert should_retry("GET", classify("GET", status, {}, b"")) is get
    assert should_retry("POST", classify("POST", status, {}, b"")) is post


BREAKS = [
    # kind, never sent, GET again, POST again
    (errors.ConnectionFailed, None, True, True),
    (errors.ConnectionLost, None, True, False),
    (errors.TimedOut, None, True, False),
    (errors.TimedOut, True, True, True),
    (errors.BadAnswer, None, True, False),
]


@pytest.mark.parametrize(("kind", "never_sent", "get", "post"), BREAKS)
def test_which_connection_errors_are_retried(
    kind: type[XaiError], never_sent: bool | None, get: bool, post: bool
) -> None:
    assert should_retry("GET", make_error(kind, "GET", never_sent=never_sent)) is get
    assert should_retry("POST", make_error(kind, "POST", never_sent=never_sent)) is post


def test_errors_constructed_directly_do_not_allow_a_post_to_be_retried() -> None:
    assert not should_retry("POST", errors.ConnectionLost("broken"))
    assert not should_retry("POST", errors.ServerError("down", status=503))


@pytest.mark.parametrize("status", [403, 429])
def test_out_of_credits_is_never_retried(status: int) -> None:
    body = b'{"error":"Your team has used all available credits."}'
    assert not should_retry("GET", classify("GET", status, {}, body))
    assert not should_retry("POST", classify("POST", status, {}, body))


DELAYS = [
    # attempt, Retry-After, rate limited, least, most
    (0, None, False, 0.125, 0.25),
    (1, None, False, 0.25, 0.5),
    (2, None, False, 0.5, 1.0),
    (5, None, False, 4.0, 8.0),
    (6, None, False, 4.0, 8.0),
    (5000, None, False, 4.0, 8.0),
    (0, None, True, 0.5, 1.0),
    (1, None, True, 1.0, 2.0),
    (4, None, True, 8.0, 16.0),
    (5, None, True, 15.0, 30.0),
    (5000, None, True, 15.0, 30.0),
    (0, 7.0, True, 7.0, 7.0),
    (3, 0.5, False, 0.5, 0.5),
    (0, 60.0, False, 60.0, 60.0),
    (0, 60.1, False, 0.125, 0.25),
    (0, 0.0, False, 0.125, 0.25),
    (0, -3.0, False, 0.125, 0.25),
    (0, float("nan"), True, 0.5, 1.0),
]


@pytest.mark.parametrize(("attempt", "retry_after", "limited", "least", "most"), DELAYS)
def test_delay_stays_within_its_bounds(
    attempt: int, retry_after: float | None, limited: bool, least: float, most: float
) -> None:
    assert delay(attempt, retry_after, lambda: 0.0, rate_limited=limited) == least
    assert delay(attempt, retry_after, lambda: 1.0, rate_limited=limited) == most


HEADERS = [
    ("0", 0.0),
    ("7", 7.0),
    (" 7 ", 7.0),
    ("1.5", 1.5),
    ("61", 61.0),
    ("-10", None),
    ("+7", None),
    ("1e3", None),
    ("nan", None),
    ("inf", None),
    ("٣", None),
    ("9" * 400, None),
    ("", None),
    (None, None),
    ("soon", None),
    ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
    ("Sun, 22 Nov 2026 10:00:30 -0000", 30.0),
    ("Sun, 22 Nov 2026 12:00:30 +0200", 30.0),
    ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
    ("Sun, 99 Nov 2026 09:00:00 GMT", None),
    ("Sun, 22 Nov 99999999999 09:00:00 GMT", None),
]


@pytest.mark.parametrize(("value", "seconds"), HEADERS)
def test_retry_after_is_parsed(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


def test_retry_after_date_without_a_server_date_is_ignored() -> None:
    assert parse_retry_after("Sun, 22 Nov 2026 10:00:30 GMT", None) is None


@settings(deadline=None)  # a busy machine must not fail this
@given(st.text(max_size=40))
def test_junk_never_raises_and_is_never_negative(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0
