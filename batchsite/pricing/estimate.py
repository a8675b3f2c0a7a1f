"""What a batch will cost, before anything is sent: low, likely and high, and what the figures rest on.

Prompts are measured on the real rows. How many tokens a character is, how many xAI adds to each prompt, and how
long answers are is learnt: from rows of this draft that were tried, else from earlier batches, else guessed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from batchsite.batches.models import Batch
from batchsite.pricing.answer_sizes import Size, size_of
from batchsite.pricing.lessons import MOST_KIN, PER_CHARACTER, Lesson, Line, kin_of, line_through, mark_of, sum_of
from batchsite.pricing.model_prices import Offer, discounted, offer_of
from batchsite.pricing.prompt_lengths import Measured, measure
from batchsite.recipes.answer_shape import shape_of
from batchsite.recipes.parameters import is_reasoning
from batchsite.recipes.recipe import Recipe
from batchsite.wording import many

OVERHEAD = 190
"""Tokens that xAI adds to every prompt; mostly billed at the cached price (facts 2.13)."""
ANSWER_GUESS = 150
"""Tokens of a free text where nothing is known of the model yet."""
THOUGHT_AT_MOST = 4
"""Times that what is thought before an answer may be more than is usual."""


def _took(*, cached: int, reasoning: int) -> Lesson:
    total = MOST_KIN * reasoning
    return Lesson(answers=MOST_KIN, cached_tokens=MOST_KIN * cached, reasoning_tokens=total, output_tokens=total)


RECORDED = _took(cached=160, reasoning=75)
"""What recorded answers took; they thought little, as grok-4.3 does unless it is told otherwise (facts 2.13)."""
HARDER = _took(cached=160, reasoning=300)
"""A guess, for one that is told to think harder."""
FEW_ANSWERS = 20
ENOUGH_ANSWERS = 5
EARLIER = 20
"""Batches that are learnt from, the latest."""
LEAST_DOUBT = 0.1
"""Answers vary: the range is never narrower than a tenth either way."""


@dataclass(frozen=True)
class Estimate:
    """Tokens and characters are averages a row, money is ticks for the whole batch."""

    rows: int
    """Rows that will have an answer: without those that are skipped."""
    measured: int
    """Rows whose prompts were measured."""
    prompt_tokens: int
    output_tokens: int
    low: int
    likely: int
    high: int
    basis: str
    characters: int = 0
    kept: int = 0
    """Rows whose tried answer is kept; they are not sent again ..."""
    paid: int = 0
    """... and what they cost, which is part of the other sums."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Output:
    """Tokens of output a row, reasoning included."""

    likely: float
    low: float
    high: float
    words: str


@dataclass(frozen=True)
class Rates:
    """What a row of so many characters costs, as far as anybody knows."""

    offer: Offer
    line: Line
    cached: float
    """Prompt tokens at the cached price."""
    doubt: float
    """How far prompts may be off, as a share ..."""
    perhaps: float
    """... and how many of their tokens may not be counted at all: nobody has seen yet whether a schema is."""
    output: Output
    words: str

    def ticks(self, prompt: float, output: float, cached: float) -> int:
        """At list price."""
        cached = min(cached, prompt)
        offer = self.offer
        return round((prompt - cached) * offer.input_price + cached * offer.cached_price + output * offer.output_price)

    def in_real_time(self, characters: float) -> int:
        """Ticks of one row that is tried: list price."""
        return self.ticks(self.line.tokens(characters), self.output.likely, self.cached)

    def in_a_batch(self, characters: float) -> tuple[int, int, int]:
        """(low, likely, high) ticks of one row of a batch."""
        prompt = self.line.tokens(characters)
        low = self.ticks((prompt - self.perhaps) * (1 - self.doubt), self.output.low, max(self.cached, OVERHEAD))
        likely = self.ticks(prompt, self.output.likely, self.cached)
        high = self.ticks(prompt * (1 + self.doubt), self.output.high, 0)
        return discounted(low), discounted(likely), discounted(high)


def estimate(batch: Batch, recipe: Recipe) -> Estimate | None:
    """The estimate for a draft; None where the model's price is not known or there are no rows."""
    rates, measured = rates_of(batch, recipe), measure(batch, recipe)
    if rates is None or measured is None or not measured.sent:
        return None
    own = lesson_of(batch)
    rows = measured.to_send
    kept = min(own.kept, rows)
    paid = own.kept_ticks if kept else 0
    low, likely, high = (paid + (rows - kept) * ticks for ticks in rates.in_a_batch(measured.characters))
    return Estimate(
        rows=rows,
        measured=measured.looked_at,
        prompt_tokens=round(rates.line.tokens(measured.characters)),
        output_tokens=round(rates.output.likely),
        low=low,
        likely=likely,
        high=high,
        basis=_basis(measured, rates, kept),
        characters=round(measured.characters),
        kept=kept,
        paid=paid,
    )


def rows_to_send(batch: Batch) -> int:
    """How many rows a draft is about; those that will be skipped are among them."""
    return len(batch.rows)


def _basis(measured: Measured, rates: Rates, kept: int) -> str:
    skipped = measured.rows - measured.to_send
    words = f"Prompts measured on {measured.words}, {rates.words}; {rates.output.words}."
    if skipped:
        about = "" if measured.looked_at == measured.rows else "about "
        words += f" {about.capitalize()}{skipped:,} rows with an empty column are skipped."
    if kept:
        words += f" {kept:,} tried row{'s are' if kept != 1 else ' is'} kept: paid already, and part of the sum."
    return words


# ---- what is known ---------------------------------------------------------------------------------------


def lesson_of(batch: Batch) -> Lesson:
    """What trying the draft's present prompt taught."""
    return Lesson.from_json((batch.tried or {}).get(mark_of(batch)))


def rates_of(batch: Batch, recipe: Recipe) -> Rates | None:
    """None where nobody knows the model's price."""
    offer = offer_of(batch.team, batch.model)
    if offer is None:
        return None
    own, kin = lesson_of(batch), kin_of(mark_of(batch), batch.tried or {})
    earlier = [_Ran(one, _lesson(one, offer)) for one in _earlier(batch)]
    same = sum_of(one.lesson for one in earlier if mark_of(one.batch) == mark_of(batch))
    theirs = sum_of(one.lesson for one in earlier if _effort(one.batch) == _effort(batch))
    output = _output(batch, own, same, kin, theirs)
    alike = [one.lesson for one in earlier if one.batch.shape == batch.shape and one.lesson.characters]
    for lesson, word, of, doubt in (
        (own, "tried row", "", 0.03),
        (sum_of(alike), "answer", " of earlier batches", 0.1),
        (kin, "tried row", " of another prompt", 0.15),
    ):
        if lesson.answers:
            usual = (kin, _usual(batch, theirs)) if lesson is own else ()
            words = f"counted as in {many(lesson.answers, word)}{of}"
            return Rates(offer, line_through(lesson), lesson.leaning("cached", usual), doubt, 0, output, words)
    form = recipe.params.get("response_format")
    schema = len(orjson.dumps(form)) * PER_CHARACTER if form else 0.0
    adds = f"about {OVERHEAD} tokens that xAI adds to each" + (" and the schema of the answer" if schema else "")
    words = f"at 4 characters a token, plus {adds}"
    return Rates(offer, Line(OVERHEAD + schema), OVERHEAD, 0.15, schema, output, words)


def _output(batch: Batch, own: Lesson, same: Lesson, kin: Lesson, theirs: Lesson) -> Output:
    """From tried rows and earlier runs of this prompt, else from others with its model, else guessed."""
    mine, shaped = own + same, _by_shape(batch)
    if mine.answers:
        listed = [_answers_of(shaped.characters * PER_CHARACTER)] if shaped and shaped.known else []
        likely = mine.leaning("completion", listed) + mine.leaning("reasoning", (kin, _usual(batch, theirs)))
        doubt = LEAST_DOUBT if same.answers else max(LEAST_DOUBT, min(0.9, own.spread))
        words = f"output as in {many(mine.answers, 'tried row')}"
        if same.answers:
            words = f"output as in {many(mine.answers, 'answer')} of this prompt"
        elif mine.answers <= FEW_ANSWERS:
            words += ", steadied by what is usual for the model, as these are few"
        return Output(likely, likely * (1 - doubt), likely * (1 + doubt), words)
    for lesson, words in (
        (kin, f"output as in {many(kin.answers, 'tried row')} of another prompt with this model"),
        (theirs, f"output as in {many(theirs.answers, 'answer')} of earlier batches with {batch.model}"),
    ):
        if lesson.answers:
            answer = shaped.characters * PER_CHARACTER if shaped and shaped.known else lesson.mean("completion")
            likely = answer + lesson.mean("reasoning")
            words += ", answers counted from their allowed values" if shaped and shaped.known else ""
            return Output(likely, likely / 2, likely * 2, words)
    return _guess(batch, shaped)


def _guess(batch: Batch, shaped: Size | None) -> Output:
    """Where nobody has seen an answer yet. The limit caps the visible answer only, never the reasoning (facts 6.1)."""
    thought = _usual(batch, Lesson()).mean("reasoning")
    answer = shaped.characters * PER_CHARACTER if shaped else float(ANSWER_GUESS)
    most = answer * 1.5 if shaped and shaped.known else max(answer, ANSWER_GUESS) * 4
    limit = batch.params.get("max_completion_tokens")
    if isinstance(limit, int) and limit > 0:
        answer, most = min(answer, limit), min(most, limit)
    likely = answer + thought
    words = f"output guessed at {likely:,.0f} tokens"
    least = likely / 5
    if shaped and shaped.known:
        words = (
            f"answers counted from their allowed values, {answer:,.0f} tokens, and thinking guessed at {thought:,.0f}"
        )
        least = answer / 1.5
    return Output(likely, least, most + THOUGHT_AT_MOST * thought, f"{words}: try a few rows, and it is known better")


def _usual(batch: Batch, theirs: Lesson) -> Lesson:
    """What answers of the model take, whatever they are asked: as earlier batches showed, else as was recorded."""
    if theirs.answers:
        return theirs
    effort = _effort(batch)
    if effort == "none" or not is_reasoning(batch.model):
        return replace(RECORDED, reasoning_tokens=0, output_tokens=0)
    return RECORDED if effort in {"", "low"} else HARDER


def _effort(batch: Batch) -> str:
    return str(batch.params.get("reasoning_effort") or "")


def _by_shape(batch: Batch) -> Size | None:
    """How long answers are by their shape; None where that is text, or nothing that can be sent."""
    try:
        shape = shape_of(batch.shape)
    except ValueError:
        return None
    return size_of(shape.schema) if shape else None


def _answers_of(tokens: float) -> Lesson:
    """As if a few answers had had so many tokens."""
    return Lesson(answers=MOST_KIN, output_tokens=round(MOST_KIN * tokens))


def _earlier(batch: Batch) -> list[Batch]:
    """The team's latest batches with that model that have answers."""
    found = Batch.objects.filter(team_id=batch.team_id, model=batch.model, account=batch.account or "sandbox")
    return list(found.exclude(pk=batch.pk).filter(succeeded__gte=ENOUGH_ANSWERS).order_by("-pk")[:EARLIER])


@dataclass(frozen=True)
class _Ran:
    """An earlier batch, and what it taught."""

    batch: Batch
    lesson: Lesson


def _lesson(batch: Batch, offer: Offer) -> Lesson:
    """What a batch that ran taught; of its characters only where they were measured before it was sent.

    How much of its prompts was cached is not summed, and follows from what was billed.
    """
    answers = batch.succeeded
    characters = int((batch.estimate or {}).get("characters") or 0)
    prompt = batch.prompt_tokens // answers
    output = batch.completion_tokens + batch.reasoning_tokens
    uncached = discounted(batch.prompt_tokens * offer.input_price + output * offer.output_price)
    saved = discounted(offer.input_price - offer.cached_price)
    cached = (uncached - batch.cost_ticks) // saved if saved > 0 else 0
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
    )


# ---- afterwards ----------------------------------------------------------------------------------------------


def came_out(batch: Batch) -> str:
    """How the cost of a batch that ended compares with its estimate: “4 % less”; empty where it cannot be told.

    Rows without an answer were estimated and cost nothing: where it came out cheaper, they are named beside it.
    """
    likely = int((batch.estimate or {}).get("likely") or 0)
    if not batch.is_terminal or not likely or batch.succeeded < 1:
        return ""
    share = round(100 * (batch.cost_ticks - likely) / likely)
    if not share:
        return "as much as estimated"
    if share > 0:
        return f"{share:,} % more"
    unanswered = batch.total - batch.succeeded - batch.skipped
    return f"{-share:,} % less" + (f", with {many(unanswered, 'row')} not answered" if unanswered else "")
