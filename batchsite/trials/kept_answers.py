"""When a batch is submitted: rows that were tried with what is sent now keep their answers, and are not sent again."""

from __future__ import annotations

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.batches.timeline import note
from batchsite.pricing.lessons import mark_of
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.trials.completion import body_of, packed
from batchsite.trials.models import AnswerState, TrialAnswer
from batchsite.trials.trial_step import CALLED_OFF
from batchsite.wording import many


def on_start(batch: Batch) -> None:
    """In the transaction that queues it. What was not asked yet is called off: the batch asks it."""
    planned = TrialAnswer.objects.filter(batch=batch, state=AnswerState.PLANNED)
    planned.update(state=AnswerState.FAILED, error=CALLED_OFF)
    found = kept_answers(batch)
    tried = [Tried(one.row, one.completion, one.cost_ticks) for one in found]
    count = keep_tried(batch, tried)
    if count:
        words = f"{many(count, 'row')} kept from trying: not sent, and not paid again"
        note(batch.pk, "kept", words)


def kept_answers(batch: Batch) -> list[TrialAnswer]:
    """The latest kept answer of each row that was asked the very same as the batch asks now.

    The mark only narrows the search; content decides, as a dataset's row may be read otherwise by another version.
    """
    answered = TrialAnswer.objects.filter(batch=batch, state=AnswerState.ANSWERED, kept=True, source=None)
    latest = {one.row: one for one in answered.filter(mark=mark_of(batch)).order_by("pk")}
    if not latest:
        return []
    recipe, cells = recipe_of(batch), batch.dataset.pick(latest)
    same = {row: packed(body_of(recipe, cells[row]))[1] for row in latest if row in cells}
    return [one for row, one in latest.items() if same.get(row) == one.sha256]
