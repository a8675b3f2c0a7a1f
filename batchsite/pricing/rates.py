"""What one row of a draft costs, by the number of characters in its prompt.

How many tokens a character is, how many xAI adds to each prompt, and how long answers are is learned from rows of
this draft that were tried, else from earlier batches, else it is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from batchsite.batches.models import Batch
from batchsite.pricing.answer_sizes import AnswerSize, size_of
from batchsite.pricing.call_fees import NO_FEES, CallFees, expected_fees
from batchsite.pricing.lessons import (
    MOST_KIN,
    PER_CHARACTER,
    Lesson,
    TokenLine,
    kin_of,
    line_through,
    prompt_fingerprint,
    sum_of,
)
from batchsite.pricing.model_prices import ModelPrice, discounted, price_of
from batchsite.pricing.row_attachments import average_along
from batchsite.recipes.answer_shape import shape_of
from batchsite.recipes.json_bytes import json_bytes
from batchsite.recipes.parameters import is_reasoning
from batchsite.recipes.recipe import Recipe
from batchsite.wording import many
from batchsite.xai.catalogue import LONG_PROMPT

OVERHEAD = 190
"""Tokens that xAI adds to every prompt, most of them billed at the cached price (facts 2.13)."""
ANSWER_GUESS = 150
"""Tokens of a free-text answer when nothing is known about the model yet."""
THOUGHT_AT_MOST = 4
"""The high estimate allows this many times the usual reasoning tokens."""


def _typical(*, cached: int, reasoning: int) -> Lesson:
    total = MOST_KIN * reasoning
    return Lesson(answers=MOST_KIN, cached_tokens=MOST_KIN * cached, reasoning_tokens=total, output_tokens=total)


RECORDED = _typical(cached=160, reasoning=75)
"""Averages of recorded answers, with the little reasoning that grok-4.3 does by default (facts 2.13)."""
HARDER = _typical(cached=160, reasoning=300)
"""A guess, for a model that is told to reason harder."""
FEW_ANSWERS = 20
ENOUGH_ANSWERS = 5
EARLIER = 20
"""Number of earlier batches that are learned from, the latest ones."""
LEAST_DOUBT = 0.1
"""The range is never narrower than 10 % either way, because answers vary."""


@dataclass(frozen=True)
class OutputTokens:
    """Output tokens of a row, reasoning included."""

    likely: float
    low: float
    high: float
    words: str


@dataclass(frozen=True)
class Rates:
    """What a row costs, as a function of the characters in its messages."""

    price: ModelPrice
    line: TokenLine
    cached: float
    """Prompt tokens billed at the cached price."""
    doubt: float
    """How far the prompt tokens may be off, as a share."""
    perhaps: float
    """Prompt tokens that may not be billed at all: whether a schema counts has not been observed yet."""
    output: OutputTokens
    words: str
    fees: CallFees = NO_FEES
    is_live: bool = False
    """At list price: only batches have a discount (facts 5)."""

    def ticks(self, prompt: float, output: float, cached: float) -> int:
        """Ticks at list price."""
        cached = min(cached, prompt)
        price = self.price
        return round((prompt - cached) * price.input_price + cached * price.cached_price + output * price.output_price)

    def in_real_time(self, characters: float) -> int:
        """Ticks of one row that is tried, at list price."""
        prompt = self.line.tokens(characters)
        ticks = self.ticks(prompt, self.output.likely, self.cached) * (2 if prompt >= LONG_PROMPT else 1)
        return ticks + round(self.fees.likely)

    def of_a_row(self, characters: float) -> tuple[int, int, int]:
        """(low, likely, high) ticks of one row, before a long prompt doubles them: see long_prompts.py."""
        prompt = self.line.tokens(characters)
        low = self.ticks((prompt - self.perhaps) * (1 - self.doubt), self.output.low, max(self.cached, OVERHEAD))
        likely = self.ticks(prompt, self.output.likely, self.cached)
        high = self.ticks(prompt * (1 + self.doubt), self.output.high, 0)
        fees = (round(self.fees.low), round(self.fees.likely), round(self.fees.high))
        if not self.is_live:
            low, likely, high = discounted(low), discounted(likely), discounted(high)
        return low + fees[0], likely + fees[1], high + fees[2]


def lesson_of(batch: Batch) -> Lesson:
    """Returns what trying the draft's current prompt taught."""
    return Lesson.from_json((batch.tried or {}).get(prompt_fingerprint(batch)))


def rates_of(batch: Batch, recipe: Recipe) -> Rates | None:
    """Returns the rates of a draft. None if the price of its model is unknown."""
    price = price_of(batch.team, batch.model)
    return replace(_rates(batch, recipe, price), is_live=batch.runs_live) if price else None


def _rates(batch: Batch, recipe: Recipe, price: ModelPrice) -> Rates:
    fingerprint = prompt_fingerprint(batch)
    own, kin = lesson_of(batch), kin_of(fingerprint, batch.tried or {})
    earlier = [(before, _lesson_from(before, price)) for before in _earlier(batch)]
    same_prompt = sum_of(lesson for before, lesson in earlier if prompt_fingerprint(before) == fingerprint)
    same_effort = sum_of(lesson for before, lesson in earlier if _effort(before) == _effort(batch))
    output = _output(batch, own, same_prompt, kin, same_effort)
    along = average_along(batch, recipe)
    fees = expected_fees(batch.tools, (own + same_prompt, kin, same_effort), along.documents)
    same_shape = sum_of(lesson for before, lesson in earlier if _is_alike(before, batch) and lesson.characters)
    for lesson, word, source, doubt in (
        (own, "test row", "", 0.03),
        (same_shape, "answer", " of earlier batches", 0.1),
        (kin, "test row", " of another prompt", 0.15),
    ):
        if lesson.answers:
            usual = (kin, _usual(batch, same_effort)) if lesson is own else ()
            words = f"based on {'' if source else 'your '}{many(lesson.answers, word)}{source}"
            return Rates(price, line_through(lesson), lesson.leaning("cached", usual), doubt, 0, output, words, fees)
    schema = _schema_tokens(recipe)
    adds = f"about {OVERHEAD} that xAI adds to every prompt" + (" and the answer’s schema" if schema else "")
    words = f"estimated at 4 characters each, plus {adds}"
    words += f" and about {along.tokens:,.0f} for its attachments" if along.tokens else ""
    words += f"; {fees.words}" if fees.words else ""
    line, doubt = TokenLine(OVERHEAD + schema + along.tokens + fees.tokens), 1.0 if fees.tokens else 0.15
    return Rates(price, line, OVERHEAD, doubt, schema + fees.tokens, output, words, fees)


def _is_alike(before: Batch, batch: Batch) -> bool:
    """Whether prompts of both have the same shape of answer, and pictures or none."""
    return before.shape == batch.shape and bool(before.picture_column) == bool(batch.picture_column)


def _schema_tokens(recipe: Recipe) -> float:
    answer_format = recipe.params.get("response_format") or recipe.function
    return len(json_bytes(answer_format)) * PER_CHARACTER if answer_format else 0.0


def _output(batch: Batch, own: Lesson, same_prompt: Lesson, kin: Lesson, same_effort: Lesson) -> OutputTokens:
    """Learned from tried rows and earlier runs of this prompt, else from others with its model, else guessed."""
    answered, size = own + same_prompt, _answer_size(batch)
    if answered.answers:
        allowed = [_as_lesson(size.characters * PER_CHARACTER)] if size and size.known else []
        usual = (kin, _usual(batch, same_effort))
        likely = answered.leaning("completion", allowed) + answered.leaning("reasoning", usual)
        doubt = LEAST_DOUBT if same_prompt.answers else max(LEAST_DOUBT, min(0.9, own.spread))
        words = f"based on your {many(answered.answers, 'test row')}"
        if same_prompt.answers:
            words = f"based on {many(answered.answers, 'answer')} to this prompt"
        elif answered.answers <= FEW_ANSWERS:
            words += " and typical usage of this model"
        return OutputTokens(likely, likely * (1 - doubt), likely * (1 + doubt), words)
    for lesson, words in (
        (kin, f"based on {many(kin.answers, 'test row')} of another prompt with this model"),
        (same_effort, f"based on {many(same_effort.answers, 'answer')} of earlier batches with {batch.model}"),
    ):
        if lesson.answers:
            answer = size.characters * PER_CHARACTER if size and size.known else lesson.mean("completion")
            likely = answer + lesson.mean("reasoning")
            words += " and the allowed values" if size and size.known else ""
            return OutputTokens(likely, likely / 2, likely * 2, words)
    return _guess(batch, size)


def _guess(batch: Batch, size: AnswerSize | None) -> OutputTokens:
    """For a model that has not answered anything yet.

    max_completion_tokens caps only the visible answer, never the reasoning (facts 6.1).
    """
    thought = _usual(batch, Lesson()).mean("reasoning")
    answer = size.characters * PER_CHARACTER if size else float(ANSWER_GUESS)
    most = answer * 1.5 if size and size.known else max(answer, ANSWER_GUESS) * 4
    limit = batch.params.get("max_completion_tokens")
    if isinstance(limit, int) and limit > 0:
        answer, most = min(answer, limit), min(most, limit)
    likely = answer + thought
    words = f"guessed at {likely:,.0f} tokens"
    least = likely / 5
    if size and size.known:
        words = f"{answer:,.0f} tokens by the allowed values, and reasoning guessed at {thought:,.0f}"
        least = answer / 1.5
    words += "; try a few rows for a better estimate"
    return OutputTokens(likely, least, most + THOUGHT_AT_MOST * thought, words)


def _usual(batch: Batch, same_effort: Lesson) -> Lesson:
    """Returns what answers of the model usually take, whatever the prompt: from earlier batches, else recordings."""
    if same_effort.answers:
        return same_effort
    effort = _effort(batch)
    if effort == "none" or not is_reasoning(batch.model):
        return replace(RECORDED, reasoning_tokens=0, output_tokens=0)
    return RECORDED if effort in {"", "low"} else HARDER


def _effort(batch: Batch) -> str:
    return str(batch.params.get("reasoning_effort") or "")


def _answer_size(batch: Batch) -> AnswerSize | None:
    """How long answers are, judged by their shape. None for text, and for a shape that cannot be sent."""
    try:
        shape = shape_of(batch.shape)
    except ValueError:
        return None
    return size_of(shape.schema) if shape else None


def _as_lesson(tokens: float) -> Lesson:
    """A lesson of a few answers with this many completion tokens each."""
    return Lesson(answers=MOST_KIN, output_tokens=round(MOST_KIN * tokens))


def _earlier(batch: Batch) -> list[Batch]:
    """Returns the team's latest batches with the same model and tools that have answers."""
    batches = Batch.objects.filter(team_id=batch.team_id, model=batch.model, account=batch.account or "sandbox")
    latest = batches.exclude(pk=batch.pk).filter(succeeded__gte=ENOUGH_ANSWERS).order_by("-pk")[:EARLIER]
    return [before for before in latest if before.tools.keys() == batch.tools.keys()]


def _lesson_from(batch: Batch, price: ModelPrice) -> Lesson:
    """What a finished batch taught; about characters only if they were measured before it was sent.

    Batches of earlier versions did not sum cached tokens: theirs are worked out from what was billed.
    """
    answers = max(1, batch.succeeded - batch.copies)  # copies used no tokens
    characters = int((batch.estimate or {}).get("characters") or 0)
    prompt = batch.prompt_tokens // answers
    output = batch.completion_tokens + batch.reasoning_tokens
    uncached = batch.prompt_tokens * price.input_price + output * price.output_price
    saved = price.input_price - price.cached_price
    if not batch.runs_live:
        uncached, saved = discounted(uncached), discounted(saved)
    derived = (uncached - (batch.cost_ticks - batch.tool_ticks)) // saved if saved > 0 else 0
    cached = batch.cached_tokens or derived
    return Lesson(
        answers=answers,
        characters=answers * characters,
        characters_squared=answers * characters**2,
        characters_by_prompt=answers * characters * prompt,
        prompt_tokens=batch.prompt_tokens,
        cached_tokens=min(batch.prompt_tokens, max(0, cached)),
        output_tokens=output,
        output_squared=output**2 // answers,
        reasoning_tokens=batch.reasoning_tokens,
        reasoning_squared=batch.reasoning_tokens**2 // answers,
        completion_squared=batch.completion_tokens**2 // answers,
        tool_ticks=batch.tool_ticks,
        tool_ticks_squared=batch.tool_ticks**2 // answers,
    )
