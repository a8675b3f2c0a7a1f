"""Asking xAI whether it accepts a model in batches: a batch of one tiny prompt, which a person confirms.

It is a batch like any other, so that a lost reply, a crash and the cost are taken care of, and anybody can see it. The
answer is remembered where any batch leaves it (`batches.batchable`).
"""

from __future__ import annotations

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.batchable import answers_for, can_be_asked
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.batches.timeline import note
from batchsite.pricing.estimate import Estimate, estimate
from batchsite.pricing.model_prices import price_of
from batchsite.submission import actions
from batchsite.teams.accounts import account_kind
from batchsite.teams.models import User

PROMPT = "Reply with OK."


def question(draft: Batch, model: str, by: User | None) -> Batch | None:
    """Returns the batch that would ask, not stored. None if there is nothing to ask about this model."""
    is_listed = price_of(draft.team, model) is not None
    if not is_listed or draft.dataset.holds_requests or not can_be_asked(model, answers_for(draft.team)):
        return None
    return Batch(
        team=draft.team,
        dataset=draft.dataset,
        created_by=by,
        name=f"Does {model} run in batches?",
        prompt=PROMPT,
        model=model,
        ranges=[[1, 1]],
        account=account_kind(draft.team),
    )


def price(asking: Batch) -> Estimate | None:
    """Returns what asking costs, if xAI says yes."""
    return estimate(asking, recipe_of(asking))


def ask(asking: Batch, by: User | None) -> Batch:
    """Stores and submits the batch that asks. Raises actions.NotNow, and stores nothing, if the budget forbids it."""
    known = Batch.objects.filter(team=asking.team, model=asking.model, prompt=PROMPT, ranges=[[1, 1]])
    running = known.exclude(state=State.DRAFT).filter(ended_at=None, deleted_at=None).first()
    if running:
        return running  # it was asked a moment ago
    asking.save()
    note(asking.pk, "drafted", "Draft created", by=by)
    try:
        actions.start(asking, by, price(asking))
    except actions.NotNow:
        asking.delete()
        raise
    return asking
