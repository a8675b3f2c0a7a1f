"""The books of what ran live: every row was asked once an attempt, and every tick is ours or of a declared row."""

from __future__ import annotations

from collections import Counter

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.causes import LOST_ANSWER, LOST_REQUEST
from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from tests.sandboxes import Sandbox


def check_live_books(batch: Batch, sandbox: Sandbox) -> list[Result]:
    """Returns the rows that were declared lost. What xAI billed for them is the only difference to its ledger."""
    batch.refresh_from_db()
    results = list(Result.objects.filter(batch=batch).order_by("row"))
    counted = Counter(result.state for result in results)
    names = ("succeeded", "failed", "cancelled", "missing", "skipped")
    assert [counted[name] for name in names] == [getattr(batch, name) for name in names]
    assert [result.row for result in results] == list(batch.rows)
    assert all(result.error and result.cause for result in results if result.state != RowState.SUCCEEDED)
    tokens = [submission.token for submission in batch.submissions.filter(is_live=True)]
    asked = {call["client_request_id"]: call for call in sandbox.direct()}
    ours = {key: call for key, call in asked.items() if any(key.startswith(f"bs-{token} ") for token in tokens)}
    times = Counter(call["client_request_id"] for call in sandbox.direct())
    assert max(times.values(), default=1) == 1, f"asked again: {times.most_common(1)}"
    recipe, cells = recipe_of(batch), batch.dataset.pick(result.row for result in results)
    known = 0
    for result in results:
        name = recipe.request_id(result.row, cells[result.row])
        billed = [ours[key] for token in tokens if (key := f"bs-{token} {name}") in ours]
        lost = [one for one in [*(result.earlier or []), {"cause": result.cause}] if _is_lost(one["cause"])]
        assert len(billed) <= result.attempt, f"row {result.row} was asked {len(billed)} times"
        if not lost:
            assert result.cost_ticks == sum(call["cost_in_usd_ticks"] for call in billed), f"row {result.row}"
            assert all(call["read"] for call in billed), f"row {result.row} was paid and not read"
        known += result.cost_ticks
    assert batch.cost_ticks == known == sum(submission.cost_ticks for submission in batch.submissions.all())
    return [result for result in results if _is_lost(result.cause)]


def _is_lost(cause: str) -> bool:
    return cause in {LOST_REQUEST, LOST_ANSWER}
