"""What answers teach about tokens: how many a prompt has for its characters, and how many come back. Pure.

The provider's tokenizer is unknown: a straight line is fitted through what was billed, pulled towards four characters
a token if there are few answers or their lengths hardly differ.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from batchsite.batches.models import Batch
from batchsite.recipes.json_bytes import json_bytes

PER_CHARACTER = 0.25
"""Tokens of a character if nothing is known: four characters a token."""
Figure = Literal["completion", "reasoning", "cached"]
DOUBT = 200_000.0
"""Weight of that prior, as a spread of lengths (answers x characters squared) that would say the same."""
MOST_KIN = 5
"""Most answers that lessons of other prompts or batches count for, beside the rows that were tried."""
SURE, CONTRADICTED = 2.0, 4.0
"""Distance between tried rows and other lessons, in standard errors: the others count in full up to SURE and not at
all from CONTRADICTED on. They steady few answers, and never outvote rows that are plainly different."""
SCATTER, BELIEVED = 1 / 3, 8
"""Assumed standard deviation of single answers as a share of their mean, and how many answers that prior counts for:
the variance of few answers is itself uncertain."""
LEAST, MOST = 0.1, 1.5
"""Bounds of tokens per character in any language; a fit through few points may fall outside."""


@dataclass(frozen=True)
class Lesson:
    """Sums over answers."""

    answers: int = 0
    characters: int = 0
    """Characters of the messages as they were sent."""
    characters_squared: int = 0
    characters_by_prompt: int = 0
    """Characters x prompt tokens."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    """Completion and reasoning tokens."""
    output_squared: int = 0
    reasoning_tokens: int = 0
    """The part of the output that depends more on the model than on the prompt."""
    reasoning_squared: int = 0
    completion_squared: int = 0
    cached_squared: int = 0
    tool_ticks: int = 0
    """Fees of calls of tools."""
    tool_ticks_squared: int = 0
    kept: int = 0
    """Answers that are kept: their rows are not sent again."""
    kept_ticks: int = 0
    """What was billed for the kept answers."""

    @classmethod
    def of(
        cls,
        characters: int,
        prompt: int,
        *,
        cached: int,
        completion: int,
        reasoning: int,
        tool_ticks: int = 0,
        kept_ticks: int | None,
    ) -> Lesson:
        """The lesson of one answer; `kept_ticks` is None if the answer is not kept."""
        output = completion + reasoning
        return cls(
            answers=1,
            characters=characters,
            characters_squared=characters**2,
            characters_by_prompt=characters * prompt,
            prompt_tokens=prompt,
            cached_tokens=cached,
            output_tokens=output,
            output_squared=output**2,
            reasoning_tokens=reasoning,
            reasoning_squared=reasoning**2,
            completion_squared=completion**2,
            cached_squared=cached**2,
            tool_ticks=tool_ticks,
            tool_ticks_squared=tool_ticks**2,
            kept=int(kept_ticks is not None),
            kept_ticks=kept_ticks or 0,
        )

    @classmethod
    def from_json(cls, stored: Any) -> Lesson:
        """A stored lesson, perhaps written by an earlier version that had fewer sums."""
        sums = stored if isinstance(stored, dict) else {}
        return cls(**{column.name: int(sums.get(column.name) or 0) for column in fields(cls)})

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    def for_another_batch(self) -> Lesson:
        """The same lesson without the kept answers, which belong to the batch that they were tried for."""
        return replace(self, kept=0, kept_ticks=0)

    def __add__(self, other: Lesson) -> Lesson:
        return Lesson(*(a + b for a, b in zip(self._values(), other._values(), strict=True)))

    def _values(self) -> list[int]:
        return [getattr(self, column.name) for column in fields(self)]

    @property
    def output(self) -> float:
        """Output tokens per row."""
        return self.output_tokens / self.answers

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens - self.reasoning_tokens

    def mean(self, name: Figure) -> float:
        """Average tokens per row; 0 if there are no answers."""
        return float(getattr(self, f"{name}_tokens")) / self.answers if self.answers else 0.0

    def leaning(self, name: Figure, kin: Iterable[Lesson]) -> float:
        """Average tokens per row, steadied by other lessons: each counts for a few answers, as far as it agrees."""
        total, count = self.mean(name) * self.answers, float(self.answers)
        for other in kin:
            weight = min(MOST_KIN, other.answers) * self._agreement(name, other.mean(name))
            total += weight * other.mean(name)
            count += weight
        return total / count

    def _agreement(self, name: Figure, usual: float) -> float:
        """Returns 1 if these answers may well have that mean, down to 0 if they contradict it."""
        mean, guess = self.mean(name), (SCATTER * usual) ** 2
        deviations = max(0.0, getattr(self, f"{name}_squared") - self.answers * mean**2)
        variance = (deviations + BELIEVED * guess) / (self.answers - 1 + BELIEVED)
        if not variance:
            return float(mean == usual)
        away = abs(mean - usual) / math.sqrt(variance / self.answers)
        return min(1.0, max(0.0, (CONTRADICTED - away) / (CONTRADICTED - SURE)))

    @property
    def spread(self) -> float:
        """About two standard errors of `output`, as a share of it."""
        if self.answers < 2 or not self.output_tokens:
            return 1.0
        variance = max(0.0, self.output_squared - self.output_tokens * self.output) / (self.answers - 1)
        few = 1 + 3 / self.answers  # the variance of few answers is itself uncertain
        return 2 * few * math.sqrt(variance / self.answers) / self.output


@dataclass(frozen=True)
class TokenLine:
    """Prompt tokens of a row: `fixed`, plus `per_character` for each character of its messages."""

    fixed: float
    per_character: float = PER_CHARACTER

    def tokens(self, characters: float) -> float:
        return max(1.0, self.fixed + self.per_character * characters)


def line_through(lesson: Lesson) -> TokenLine:
    """Returns the line through the mean of what was billed, as steep as the answers can support."""
    count = lesson.answers
    across = max(0.0, lesson.characters_squared - lesson.characters**2 / count)
    together = lesson.characters_by_prompt - lesson.characters * lesson.prompt_tokens / count
    steep = (together + DOUBT * PER_CHARACTER) / (across + DOUBT)
    steep = min(MOST, max(LEAST, steep))
    return TokenLine((lesson.prompt_tokens - steep * lesson.characters) / count, steep)


def sum_of(lessons: Iterable[Lesson]) -> Lesson:
    return sum(lessons, Lesson())


def prompt_fingerprint(batch: Batch) -> str:
    """Returns `<hash of texts and shape>.<hash of model and parameters>`: what is asked, whatever the rows."""
    texts = _short([batch.system_prompt, batch.prompt, batch.examples, batch.shape], 12)
    along: list[Any] = [[batch.picture_column, batch.picture_detail]] if batch.picture_column else []
    along += [batch.tools] if batch.tools else []
    along += [batch.document_form] if batch.document_form else []
    along += [batch.history_column] if batch.history_column else []
    return f"{texts}.{_short([batch.model, batch.params, *along], 7)}"


def _short(parts: list[Any], length: int) -> str:
    return hashlib.sha256(json_bytes(parts, sort_keys=True)).hexdigest()[:length]


def kin_of(fingerprint: str, tried: Mapping[str, Any]) -> Lesson:
    """Returns the sum of what other prompts taught that were tried with the same model and parameters."""
    model = fingerprint.partition(".")[2]
    return sum_of(
        Lesson.from_json(lesson)
        for other, lesson in tried.items()
        if other != fingerprint and other.endswith(f".{model}")
    )
