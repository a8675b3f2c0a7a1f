"""What should be known before a draft is submitted, although it may be: what costs money and helps nobody."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.batchable import answers_for, is_known, reason, takes_batches
from batchsite.batches.models import Batch
from batchsite.pricing.coverage import LOOKED_AT
from batchsite.pricing.estimate import rows_to_send
from batchsite.pricing.lessons import TokenLine, line_through
from batchsite.pricing.long_prompts import long_rows, longest
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.rates import OVERHEAD, lesson_of
from batchsite.pricing.repeated_rows import WORTH_IT, repeated_rows, sends_once
from batchsite.recipes.answer_shape import notes, problems, shape_of
from batchsite.recipes.download_columns import renamed_fields
from batchsite.recipes.prompt_template import MOST_SLIPS, slips
from batchsite.recipes.recipe import Recipe
from batchsite.wording import many
from batchsite.xai.catalogue import LONG_PROMPT

ROWS_SHOWN = 5
"""Rows that are listed."""
MOST_RENAMED = 3
"""Renamed fields that are listed."""


def warnings_of(batch: Batch) -> list[str]:
    """Returns sentences about a draft, the most expensive first."""
    warnings: list[str] = []
    try:
        recipe = recipe_of(batch)
    except ValueError:
        recipe = None  # its problems are named elsewhere
    if recipe and batch.dataset.holds_requests:
        warnings += [*_too_long(batch, recipe), *_doubled(batch, recipe)]
    elif recipe and (batch.prompt.strip() or recipe.history):
        warnings += [*_equal_requests(batch, recipe), *_too_long(batch, recipe), *_doubled(batch, recipe)]
    warnings += [*_slips(batch), *notes(batch.shape), *_taken_names(batch)]
    answers = answers_for(batch.team)
    if batch.model and takes_batches(batch.model, answers) and not is_known(batch.model, answers):
        warnings.append(f"{reason(batch.model, answers)} You can ask xAI first under “Models and prices”.")
    size, rows = settings.OPTIONS.requests_per_submission, rows_to_send(batch)
    if rows > size:
        parts = f"{-(-rows // size)} batches there"
        warnings.append(
            f"xAI takes at most {size:,} rows in a batch, so these are sent as {parts}; here they remain one."
        )
    return warnings


def _equal_requests(batch: Batch, recipe: Recipe) -> Iterator[str]:
    once = sends_once(batch)
    if not recipe.columns:
        count = "One request" if once else many(rows_to_send(batch), "equal request")
        yield f"No column is used: every row gets the same prompt. {count} will be billed."
        return
    repeated = repeated_rows(batch, recipe) if len(batch.rows) and not once and not batch.repeats else None
    if repeated and repeated.share > WORTH_IT:
        scope = "" if repeated.is_whole else f" of the first {repeated.rows:,}"
        yield (
            f"{many(repeated.copies, 'row')}{scope} repeat{'s' if repeated.copies == 1 else ''} the request of another "
            "row, and each is billed. Under “Rows that repeat” you can send such requests once."
        )


def _slips(batch: Batch) -> Iterator[str]:
    """Yields a sentence about each text that looks like a placeholder with the wrong signs."""
    texts = [batch.prompt, batch.system_prompt, *(text for turn in batch.examples for text in turn.values())]
    typed: dict[str, str] = {}
    for text in texts:
        typed |= slips(text, batch.dataset.columns)
        if len(typed) >= MOST_SLIPS:
            break
    for slip, column in list(typed.items())[:MOST_SLIPS]:
        yield f"“{slip}” is sent as it is. If you mean the column, write {{{{{column}}}}}."


def _taken_names(batch: Batch) -> Iterator[str]:
    """Yields a sentence about the fields of the answer whose names are taken, so that downloads rename them."""
    shape = None if problems(batch.shape) else shape_of(batch.shape)
    renamed = renamed_fields(batch.dataset.columns, shape.fields) if shape else {}
    if not renamed:
        return
    listed = ", ".join(f"“{field}” is called “{name}”" for field, name in list(renamed.items())[:MOST_RENAMED])
    more = f", and {len(renamed) - MOST_RENAMED:,} more" if len(renamed) > MOST_RENAMED else ""
    yield f"Another column already has that name, so in downloads the answer’s {listed}{more}."


def _too_long(batch: Batch, recipe: Recipe) -> Iterator[str]:
    """Yields a sentence with the rows whose prompts do not fit into the model's context, as far as they were found."""
    price = price_of(batch.team, batch.model)
    context = price.context_length if price else None
    if not context or not len(batch.rows):
        return
    row, characters = longest(batch, recipe)
    line = _line(batch)
    tokens = line.tokens(characters)
    limit = batch.params.get("max_completion_tokens")
    answer = limit if isinstance(limit, int) and 0 < limit < context else 0
    if tokens <= context - answer:
        return
    room = f", {answer:,} of them for the answer" if answer else ""
    words = f"The prompt of row {row:,} has about {tokens:,.0f} tokens, and {batch.model} takes {context:,}{room}: "
    others = [other for other in long_rows(batch, recipe, line, context - answer + 1) if other != row]
    if others:
        shown = ", ".join(f"{other:,}" for other in others[:ROWS_SHOWN])
        more = f" and {len(others) - ROWS_SHOWN:,} more" if len(others) > ROWS_SHOWN else ""
        words += f"it fails, and so do row{'s' if len(others) > 1 else ''} {shown}{more}"
        words += f" of the first {LOOKED_AT:,}." if len(batch.rows) > LOOKED_AT else "."
    else:
        words += "such rows will fail."
    yield f"{words} Skip them, or shorten the prompt."


def _doubled(batch: Batch, recipe: Recipe) -> Iterator[str]:
    """Yields a sentence with the rows whose prompts are so long that all their tokens cost double (facts 7.3)."""
    if not len(batch.rows):
        return
    row, characters = longest(batch, recipe)
    line = _line(batch)
    if line.tokens(characters) < LONG_PROMPT:
        return
    rows = long_rows(batch, recipe, line, LONG_PROMPT) or [row]
    shown = ", ".join(f"{one:,}" for one in rows[:ROWS_SHOWN])
    more = f" and {len(rows) - ROWS_SHOWN:,} more" if len(rows) > ROWS_SHOWN else ""
    scope = f", of the first {LOOKED_AT:,} rows" if len(batch.rows) > LOOKED_AT else ""
    yield (
        f"With a prompt of {LONG_PROMPT:,} tokens or more, every token of the request costs double. That applies to "
        f"row{'s' if len(rows) > 1 else ''} {shown}{more}{scope}."
    )


def _line(batch: Batch) -> TokenLine:
    lesson = lesson_of(batch)
    return line_through(lesson) if lesson.answers else TokenLine(OVERHEAD)
