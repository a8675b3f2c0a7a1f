"""Batches, requests, models and keys from valid and invalid JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai.types import Counters, KeyInfo, LanguageModel, RemoteBatch, RequestMeta, parse_date
from tests.xai.fakes import BATCH, BATCH_ID

DATES = [
    ("2026-08-10", date(2026, 8, 10)),
    (" 2026-08-10 ", date(2026, 8, 10)),
    ("2026-08-10T23:30:00Z", date(2026, 8, 10)),
    ("2026-08-10T23:30:00-05:00", date(2026, 8, 11)),
    ("2026-08-10T00:30:00+02:00", date(2026, 8, 9)),
    ("2026-08-10T12:00:00.123456789Z", date(2026, 8, 10)),
    ("2026-08-10 12:00:00", date(2026, 8, 10)),
    ("2026-08-10Tnoon", date(2026, 8, 10)),
    ("0001-01-01T00:00:00+23:00", date(1, 1, 1)),
    ("2026-13-45", None),
    ("10.08.2026", None),
    ("", None),
    (None, None),
    (1786400933, None),
    ({"seconds": 1}, None),
]


@pytest.mark.parametrize(("value", "day"), DATES)
def test_dates_are_parsed_or_none(value: object, day: date | None) -> None:
    assert parse_date(value) == day


@settings(deadline=None)  # a busy machine must not fail this
@given(st.one_of(st.text(), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.{0,20}"), st.integers(), st.floats()))
def test_parse_date_never_raises(value: object) -> None:
    parse_date(value)


def test_recorded_batch_is_read() -> None:
    batch = RemoteBatch.from_wire(BATCH)
    assert batch == RemoteBatch(
        batch_id=BATCH_ID,
        name="cities [bs-1]",
        create_time=date(2026, 8, 10),
        expire_time=date(2026, 9, 9),
        create_api_key_id="key-1",
        counters=Counters(num_requests=2, num_pending=1, num_success=1),
    )


def test_batch_cancelled_by_xai_keeps_the_reason() -> None:
    batch = RemoteBatch.from_wire(
        {**BATCH, "cancel_time": "2026-08-11", "cancel_by_xai_message": "line 3: invalid JSON"}
    )
    assert (batch.cancel_time, batch.cancel_by_xai_message) == (date(2026, 8, 11), "line 3: invalid JSON")


@pytest.mark.parametrize("state", [None, "absent", 7, []])
def test_missing_counters_are_unknown_not_zero(state: Any) -> None:
    assert RemoteBatch.from_wire({**BATCH, "state": state}).counters is None


def test_single_missing_counter_is_zero() -> None:
    assert Counters.from_wire({"num_requests": 5, "num_pending": None}) == Counters(num_requests=5)
    assert Counters.from_wire({}) == Counters()


def test_numbers_may_be_strings() -> None:
    assert Counters.from_wire({"num_requests": "5", "num_success": 5.0}) == Counters(5, 0, 5)


def test_cost_of_a_batch_is_optional() -> None:
    costed = {**BATCH, "cost_breakdown": {"total_cost_usd_ticks": 4_331_999}}
    assert RemoteBatch.from_wire(costed).cost_ticks == 4_331_999
    assert RemoteBatch.from_wire(BATCH).cost_ticks is None


@pytest.mark.parametrize("value", [None, [], "batch", {}, {"batch_id": ""}, {"batch_id": 7}, {"id": "batch_1"}])
def test_batch_without_an_id_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no batch_id"):
        RemoteBatch.from_wire(value)


def test_request_metadata_is_read() -> None:
    raw = {"batch_request_id": "r1", "state": "pending", "endpoint": "xai_api.Chat/GetCompletion", "model": "m"}
    assert RequestMeta.from_wire(raw) == RequestMeta("r1", "pending", "xai_api.Chat/GetCompletion", "m")
    assert RequestMeta.from_wire({"batch_request_id": "r1"}).state == "unknown"


def test_prices_are_ticks_per_token() -> None:
    model = LanguageModel.from_wire(
        {
            "id": "grok-4.3",
            "aliases": ["grok-latest", None],
            "prompt_text_token_price": 12500,
            "cached_prompt_text_token_price": 2000,
            "completion_text_token_price": 25000,
            "created": 1786400933,
            "context_length": 256000,
        }
    )
    assert model == LanguageModel(
        "grok-4.3", ("grok-latest",), 12_500, 2_000, 25_000, context_length=256_000, created=1_786_400_933
    )


def test_missing_price_is_none_not_zero() -> None:
    assert LanguageModel.from_wire({"id": "grok-9"}).input_ticks is None


KEYS = [
    ({}, False, ""),
    ({"api_key_blocked": False, "team_blocked": None}, False, ""),
    ({"api_key_blocked": True}, True, "The key is blocked at xAI."),
    ({"api_key_disabled": True}, True, "The key is disabled in the xAI console."),
    ({"disabled": True}, True, "The key is disabled in the xAI console."),
    ({"team_blocked": True}, True, "The team is blocked at xAI."),
    (
        {"team_blocked": True, "api_key_blocked": True},
        True,
        "The team is blocked at xAI. The key is blocked at xAI.",
    ),
]


@pytest.mark.parametrize(("flags", "blocked", "reason"), KEYS)
def test_blocked_key_gives_the_reason(flags: dict[str, Any], blocked: bool, reason: str) -> None:
    raw = {"api_key_id": "k", "team_id": "t", "name": "main", "redacted_api_key": "xai-…9", "acls": ["a:*"]}
    assert KeyInfo.from_wire({**raw, **flags}) == KeyInfo("k", "t", "main", "xai-…9", blocked, reason, ("a:*",))


@pytest.mark.parametrize("value", [None, [], {}, {"status": "ok"}])
def test_unrelated_object_is_not_accepted_as_a_key(value: Any) -> None:
    with pytest.raises(ValueError, match="describe a key"):
        KeyInfo.from_wire(value)
