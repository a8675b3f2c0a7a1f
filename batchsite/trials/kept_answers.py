"""At submission, rows that were tried with exactly the request sent now keep their answers and are not sent again."""

from __future__ import annotations

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.batches.timeline import note
from batchsite.pricing.lessons import prompt_fingerprint
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.trials.completion import body_of, packed
from batchsite.trials.models import AnswerState, TrialAnswer
from batchsite.trials.trial_step import CALLED_OFF
from batchsite.wording import many


def on_start(batch: Batch) -> None:
    """Runs in the transaction that queues the batch. Planned answers are called off: the batch asks those rows."""
    planned = TrialAnswer.objects.filter(batch=batch, state=AnswerState.PLANNED)
    planned.update(state=AnswerState.FAILED, error=CALLED_OFF)
    tried = [Tried(answer.row, answer.completion, answer.cost_ticks, answer.misfit) for answer in kept_answers(batch)]
    count = keep_tried(batch, tried)
    if count:
        words = f"{many(count, 'row')} kept from tries: not sent or charged again"
        note(batch.pk, "kept", words)


def kept_answers(batch: Batch) -> list[TrialAnswer]:
    """Returns the latest kept answer of each row whose request equals the one that the batch would send now.

    The fingerprint only narrows the search; the hash of the request decides, because another version of the program
    may read a row differently.
    """
    answered = TrialAnswer.objects.filter(batch=batch, state=AnswerState.ANSWERED, kept=True, source=None)
    latest = {answer.row: answer for answer in answered.filter(mark=prompt_fingerprint(batch)).order_by("pk")}
    if not latest:
        return []
    recipe, cells = recipe_of(batch), batch.dataset.pick(latest)
    same = {row: packed(body_of(recipe, cells[row]))[1] for row in latest if row in cells}
    return [answer for row, answer in latest.items() if same.get(row) == answer.sha256]
