"""What trials teach the estimate: sums of tokens by fingerprint of the prompt, stored in the draft."""

from __future__ import annotations

from batchsite.batches.models import Batch
from batchsite.batches.tool_use import ToolUse
from batchsite.pricing.lessons import Lesson
from batchsite.trials.models import AnswerState, TrialAnswer

PROMPTS_KEPT = 12
"""Prompts of a draft whose lessons are kept, the latest."""
LATEST = 600
"""Answers that are summed, the latest: ten trials of the biggest size."""


def teach(batch_id: int) -> None:
    """Sums the batch's answers up again."""
    own = TrialAnswer.objects.filter(batch_id=batch_id, state=AnswerState.ANSWERED, source=None)
    tried: dict[str, Lesson] = {}
    kept: set[tuple[str, int]] = set()
    for answer in own.defer("request", "raw", "answer", "reasoning").order_by("-pk")[:LATEST]:
        if answer.mark not in tried and len(tried) == PROMPTS_KEPT:
            continue
        is_kept = answer.kept and (answer.sha256, answer.row) not in kept
        if is_kept:
            kept.add((answer.sha256, answer.row))
        lesson = Lesson.of(
            answer.characters,
            answer.prompt_tokens,
            cached=answer.cached_tokens,
            completion=answer.completion_tokens,
            reasoning=answer.reasoning_tokens,
            tool_ticks=ToolUse.of(answer.tool_use).ticks,
            kept_ticks=answer.cost_ticks if is_kept else None,
        )
        tried[answer.mark] = tried[answer.mark] + lesson if answer.mark in tried else lesson
    stored = {mark: lesson.as_json() for mark, lesson in tried.items()}
    Batch.objects.filter(pk=batch_id).update(tried=stored or None)
