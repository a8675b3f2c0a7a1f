"""What answers teach about tokens: how many a prompt of so many characters has, and how many come back. Pure.

Nothing here knows how a provider counts: a straight line is laid through what was billed, and leans on four
characters a token where answers are few or much alike.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

import orjson

from batchsite.batches.models import Batch

PER_CHARACTER = 0.25
"""Tokens of a character where nothing is known: four characters a token."""
Figure = Literal["completion", "reasoning", "cached"]
DOUBT = 200_000.0
"""How firmly that is believed: as by so much spread (answers x characters squared) that says the same."""
MOST_KIN = 5
"""Answers that others count for, at most, beside the rows that were tried."""
SURE, CONTRADICTED = 2.0, 4.0
"""Standard errors between the rows that were tried and others: up to the first, these count in full, from the second
on not at all. So what is usual steadies few answers, and never outvotes rows that are plainly different."""
SCATTER, BELIEVED = 1 / 3, 8
"""How far single answers scatter around their mean, as a share of it, and by how many answers that is believed: of
few answers, also the variance is only guessed."""
LEAST, MOST = 0.1, 1.5
"""Tokens of a character in any language; beyond them a line through few points would be nonsense."""


@dataclass(frozen=True)
class Lesson:
    """Sums over answers."""

    answers: int = 0
    characters: int = 0
    """Of the messages as they were sent."""
    characters_squared: int = 0
    characters_by_prompt: int = 0
    """Characters x prompt tokens."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    """Completion and reasoning."""
    output_squared: int = 0
    reasoning_tokens: int = 0
    """The part of the output that depends on the model more than on the words of the prompt."""
    reasoning_squared: int = 0
    completion_squared: int = 0
    cached_squared: int = 0
    kept: int = 0
    """Answers that are kept: their rows are not sent again ..."""
    kept_ticks: int = 0
    """... and what was billed for them."""

    @classmethod
    def of(
        cls, characters: int, prompt: int, *, cached: int, completion: int, reasoning: int, kept_ticks: int | None
    ) -> Lesson:
        """One answer; `kept_ticks` None where it is not kept."""
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
            kept=int(kept_ticks is not None),
            kept_ticks=kept_ticks or 0,
        )

    @classmethod
    def from_json(cls, stored: Any) -> Lesson:
        """A lesson as it was stored, perhaps by an earlier version that knew fewer sums."""
        found = stored if isinstance(stored, dict) else {}
        return cls(**{one.name: int(found.get(one.name) or 0) for one in fields(cls)})

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    def for_another_batch(self) -> Lesson:
        """What it taught holds; the answers belong to the batch that they were tried for."""
        return replace(self, kept=0, kept_ticks=0)

    def __add__(self, other: Lesson) -> Lesson:
        return Lesson(*(a + b for a, b in zip(self._values(), other._values(), strict=True)))

    def _values(self) -> list[int]:
        return [getattr(self, one.name) for one in fields(self)]

    @property
    def output(self) -> float:
        """Tokens of output a row."""
        return self.output_tokens / self.answers

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens - self.reasoning_tokens

    def mean(self, name: Figure) -> float:
        """Tokens a row; 0 of no answers."""
        return float(getattr(self, f"{name}_tokens")) / self.answers if self.answers else 0.0

    def leaning(self, name: Figure, kin: Iterable[Lesson]) -> float:
        """Tokens a row, steadied by what others taught: each counts for a few answers, as far as these agree."""
        total, count = self.mean(name) * self.answers, float(self.answers)
        for other in kin:
            weight = min(MOST_KIN, other.answers) * self._agreement(name, other.mean(name))
            total += weight * other.mean(name)
            count += weight
        return total / count

    def _agreement(self, name: Figure, usual: float) -> float:
        """1 where these answers may well have that mean, 0 where they contradict it."""
        mean, guess = self.mean(name), (SCATTER * usual) ** 2
        deviations = max(0.0, getattr(self, f"{name}_squared") - self.answers * mean**2)
        variance = (deviations + BELIEVED * guess) / (self.answers - 1 + BELIEVED)
        if not variance:
            return float(mean == usual)
        away = abs(mean - usual) / math.sqrt(variance / self.answers)
        return min(1.0, max(0.0, (CONTRADICTED - away) / (CONTRADICTED - SURE)))

    @property
    def spread(self) -> float:
        """How far, relative to it, the true mean of the output may lie from `output`: about two standard errors."""
        if self.answers < 2 or not self.output_tokens:
            return 1.0
        variance = max(0.0, self.output_squared - self.output_tokens * self.output) / (self.answers - 1)
        few = 1 + 3 / self.answers  # of few answers, also the variance is only guessed
        return 2 * few * math.sqrt(variance / self.answers) / self.output


@dataclass(frozen=True)
class Line:
    """Prompt tokens of a row: `fixed` and so many `per_character` of its messages."""

    fixed: float
    per_character: float = PER_CHARACTER

    def tokens(self, characters: float) -> float:
        return max(1.0, self.fixed + self.per_character * characters)


def line_through(lesson: Lesson) -> Line:
    """The line that fits what was billed: always through the mean, and as steep as the answers can tell."""
    count = lesson.answers
    across = max(0.0, lesson.characters_squared - lesson.characters**2 / count)
    together = lesson.characters_by_prompt - lesson.characters * lesson.prompt_tokens / count
    steep = (together + DOUBT * PER_CHARACTER) / (across + DOUBT)
    steep = min(MOST, max(LEAST, steep))
    return Line((lesson.prompt_tokens - steep * lesson.characters) / count, steep)


def sum_of(lessons: Iterable[Lesson]) -> Lesson:
    return sum(lessons, Lesson())


def mark_of(batch: Batch) -> str:
    """What is asked, whatever the rows: `<texts and shape>.<model and parameters>`, both shortened."""
    texts = _short([batch.system_prompt, batch.prompt, batch.examples, batch.shape], 12)
    return f"{texts}.{_short([batch.model, batch.params], 7)}"


def _short(parts: list[Any], length: int) -> str:
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:length]


def kin_of(mark: str, tried: Mapping[str, Any]) -> Lesson:
    """What other prompts taught that were tried with the same model and parameters."""
    model = mark.partition(".")[2]
    return sum_of(
        Lesson.from_json(lesson) for other, lesson in tried.items() if other != mark and other.endswith(f".{model}")
    )
