"""Any JSON can be read as a result row, and fast."""

from __future__ import annotations

import time
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai.results import read_result
from tests.xai.rows import answered, turn, with_result

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["unknown", "Batch cancelled", "not yet visible", "9" * 5000, "²"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


@st.composite
def nearly_rows(draw: st.DrawFn) -> Any:
    """Rows of the right shape with one part replaced by anything."""
    odd = draw(json_values)
    shapes: list[Any] = [
        odd,
        {"batch_request_id": odd, "batch_result": {}},
        {"batch_request_id": "r1", "batch_result": odd, "error": odd, "error_message": odd},
        with_result(response=odd),
        with_result(error=odd),
        with_result(error={"code": odd, "message": odd}),
        with_result(response={"chat_get_completion": odd}),
        answered(choices=odd, model=odd, usage=odd),
        answered(choices=[odd, turn("assistant", odd), odd]),
        answered(choices=[turn("assistant", "x", reasoning_content=odd, refusal=odd)]),
        answered(usage={"prompt_tokens": odd, "cost_in_usd_ticks": odd, "prompt_tokens_details": odd}),
        answered(usage={"cost_in_nano_usd": odd, "completion_tokens_details": {"reasoning_tokens": odd}}),
    ]
    return draw(st.sampled_from(shapes))


@settings(deadline=None)  # a busy machine must not fail this
@given(nearly_rows())
def test_any_json_is_read(raw: Any) -> None:
    row = read_result(raw)
    assert row.outcome in {"succeeded", "failed", "cancelled", "not_ready"}
    assert (row.outcome == "succeeded") == (row.error == "")
    assert all(
        isinstance(value, str)
        for value in (row.batch_request_id, row.content, row.reasoning, row.finish_reason, row.model, row.refusal)
    )
    if row.usage is not None:
        numbers = (row.usage.prompt_tokens, row.usage.reasoning_tokens, row.usage.cost_ticks or 0)
        assert all(type(value) is int and abs(value) < 2**63 for value in numbers)


def test_deeply_nested_error_is_read() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    assert "cannot be shown" in read_result(with_result(error=deep)).error


def test_reading_is_fast() -> None:
    """About 200,000 rows a second when this was written; the limit leaves room for a busy machine."""
    rows = orjson.loads(orjson.dumps([answered()] * 2_000))
    best = min(_seconds_for(rows) for _ in range(7))
    assert len(rows) / best > 50_000


def _seconds_for(rows: list[Any]) -> float:
    started = time.process_time()
    for row in rows:
        read_result(row)
    return time.process_time() - started


def test_numbers_that_cannot_be_count_as_missing() -> None:
    """Two costs of 9e18 ticks, summed, broke the database's sums; a negative one is refused by its columns."""
    for cost in (2**63 - 1, 10**13, -1):
        usage = read_result(answered(usage={"prompt_tokens": 2**40, "cost_in_usd_ticks": cost})).usage
        assert usage is not None
        assert (usage.cost_ticks, usage.prompt_tokens) == (None, 0)
