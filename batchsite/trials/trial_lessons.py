"""What tries teach the estimate: sums of tokens by mark, written into the draft that they belong to."""

from __future__ import annotations

from batchsite.batches.models import Batch
from batchsite.pricing.lessons import Lesson
from batchsite.trials.models import AnswerState, TrialAnswer

MARKS_KEPT = 12
"""The latest prompts of a draft; what was tried long before is not worth carrying along."""
LATEST = 600
"""Answers that are looked at: ten tries of the biggest kind."""


def teach(batch_id: int) -> None:
    """Sum up anew what the batch's tries brought."""
    own = TrialAnswer.objects.filter(batch_id=batch_id, state=AnswerState.ANSWERED, source=None)
    tried: dict[str, Lesson] = {}
    kept: set[tuple[str, int]] = set()
    for answer in own.defer("request", "raw", "answer", "reasoning").order_by("-pk")[:LATEST]:
        if answer.mark not in tried and len(tried) == MARKS_KEPT:
            continue
        is_kept = answer.kept and (answer.sha256, answer.row) not in kept
        if is_kept:
            kept.add((answer.sha256, answer.row))
        one = Lesson.of(
            answer.characters,
            answer.prompt_tokens,
            cached=answer.cached_tokens,
            completion=answer.completion_tokens,
            reasoning=answer.reasoning_tokens,
            kept_ticks=answer.cost_ticks if is_kept else None,
        )
        tried[answer.mark] = tried[answer.mark] + one if answer.mark in tried else one
    stored = {mark: lesson.as_json() for mark, lesson in tried.items()}
    Batch.objects.filter(pk=batch_id).update(tried=stored or None)
