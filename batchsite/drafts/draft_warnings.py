"""What should be known before a draft is submitted, although it may be: what costs money and helps nobody."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.pricing.coverage import LOOKED_AT, gaps
from batchsite.pricing.estimate import rows_to_send
from batchsite.pricing.lessons import TokenLine, line_through
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.rates import OVERHEAD, lesson_of
from batchsite.recipes.answer_shape import notes, problems, shape_of
from batchsite.recipes.download_columns import renamed_fields
from batchsite.recipes.prompt_template import MOST_SLIPS, slips
from batchsite.recipes.recipe import Recipe
from batchsite.wording import many
from batchsite.xai.catalogue import batch_reason, is_batchable

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
        warnings += _too_long(batch, recipe)
    elif recipe and batch.prompt.strip():
        warnings += [*_equal_requests(batch, recipe), *_too_long(batch, recipe)]
    warnings += [*_slips(batch), *notes(batch.shape), *_taken_names(batch)]
    if batch.model and batch.model not in settings.OPTIONS.xai_batch_models and is_batchable(batch.model) is None:
        warnings.append(batch_reason(batch.model))
    size, rows = settings.OPTIONS.requests_per_submission, rows_to_send(batch)
    if rows > size:
        warnings.append(f"More than {size:,} rows are sent as {-(-rows // size)} batches at xAI; here they remain one.")
    return warnings


def _equal_requests(batch: Batch, recipe: Recipe) -> Iterator[str]:
    if not recipe.columns:
        count = many(rows_to_send(batch), "equal request")
        yield f"No column is used: every row gets the same prompt. {count} will be billed."


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
    row, characters = _longest(batch, recipe)
    lesson = lesson_of(batch)
    line = line_through(lesson) if lesson.answers else TokenLine(OVERHEAD)
    tokens = line.tokens(characters)
    limit = batch.params.get("max_completion_tokens")
    answer = limit if isinstance(limit, int) and 0 < limit < context else 0
    if tokens <= context - answer:
        return
    room = f", {answer:,} of them for the answer" if answer else ""
    words = f"The prompt of row {row:,} has about {tokens:,.0f} tokens, and {batch.model} takes {context:,}{room}: "
    others = [other for other in _longer_than(batch, recipe, line, context - answer) if other != row]
    if others:
        shown = ", ".join(f"{other:,}" for other in others[:ROWS_SHOWN])
        more = f" and {len(others) - ROWS_SHOWN:,} more" if len(others) > ROWS_SHOWN else ""
        words += f"it fails, and so do row{'s' if len(others) > 1 else ''} {shown}{more}"
        words += f" of the first {LOOKED_AT:,}." if len(batch.rows) > LOOKED_AT else "."
    else:
        words += "such rows will fail."
    yield f"{words} Skip them, or shorten the prompt."


def _longer_than(batch: Batch, recipe: Recipe, line: TokenLine, most_tokens: int) -> list[int]:
    """Returns the rows with longer prompts, among the first ones."""
    rows = batch.rows.places(0, LOOKED_AT)
    return [
        row
        for first, block in batch.dataset.slices_in(rows.spans)
        for row, cells in enumerate(block, first)
        if line.tokens(recipe.length(cells)) > most_tokens
    ]


def _longest(batch: Batch, recipe: Recipe) -> tuple[int, int]:
    """Returns (row, characters) of the longest prompt, among the rows that were measured and those of the profile."""
    chosen = batch.rows
    rows = {chosen.first}
    if recipe.columns:
        rows.add(gaps(batch.dataset, recipe.columns, chosen).longest)
        used = {batch.dataset.columns[column] for column in recipe.columns}
        profiled = [column for column in batch.dataset.profile.get("columns") or [] if column.get("name") in used]
        rows |= {int(column["longest"]["row"]) for column in profiled if column.get("longest")}
    lengths = {
        row: recipe.length(cells) for row, cells in batch.dataset.pick(row for row in rows if row in chosen).items()
    }
    return max(lengths.items(), key=lambda pair: pair[1], default=(chosen.first, 0))
