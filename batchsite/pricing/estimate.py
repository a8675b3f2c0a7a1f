"""What a batch will cost, before anything is sent: low, likely and high, and what the figures are based on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from batchsite.batches.models import Batch
from batchsite.pricing.long_prompts import doubled
from batchsite.pricing.model_prices import media_model
from batchsite.pricing.prompt_lengths import PromptLengths, measure
from batchsite.pricing.rates import Rates, lesson_of, rates_of
from batchsite.pricing.repeated_rows import Repeated, repeated_rows, sends_once
from batchsite.recipes.recipe import Recipe
from batchsite.wording import dollars, many
from batchsite.xai.catalogue import EDITED_PICTURE, PictureModel


@dataclass(frozen=True)
class Estimate:
    """Tokens and characters are averages per row, money is in ticks for the whole batch."""

    rows: int
    """Rows that will be answered: without those that are skipped."""
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
    """Rows whose tried answer is kept; they are not sent again."""
    paid: int = 0
    """What the kept rows cost; part of `low`, `likely` and `high`."""
    copies: int = 0
    """Rows that are not sent, as they repeat the request of another one: they cost nothing."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate(batch: Batch, recipe: Recipe) -> Estimate | None:
    """Returns the estimate for a draft. None if the price of its model is unknown or it has no rows."""
    if model := media_model(batch.model):
        return _of_pictures(batch, recipe, model)
    rates, lengths = rates_of(batch, recipe), measure(batch, recipe)
    if rates is None or lengths is None or not lengths.sent:
        return None
    own = lesson_of(batch)
    rows = lengths.to_send
    repeated = repeated_rows(batch, recipe) if sends_once(batch) else None
    copies = round(rows * repeated.share) if repeated else 0
    kept = min(own.kept, rows - copies)
    paid = own.kept_ticks if kept else 0
    each, more = rates.of_a_row(lengths.characters), doubled(batch, recipe, rates)
    low, likely, high = (paid + (rows - kept - copies) * ticks + long for ticks, long in zip(each, more, strict=True))
    return Estimate(
        rows=rows,
        measured=lengths.looked_at,
        prompt_tokens=round(rates.line.tokens(lengths.characters)),
        output_tokens=round(rates.output.likely),
        low=low,
        likely=likely,
        high=high,
        basis=_basis(lengths, rates, kept) + _once(repeated, copies),
        characters=round(lengths.characters),
        kept=kept,
        paid=paid,
        copies=copies,
    )


def _of_pictures(batch: Batch, recipe: Recipe, model: PictureModel) -> Estimate | None:
    """Returns the estimate for a draft that makes pictures or videos: each has its price, in batches, too."""
    lengths = measure(batch, recipe)
    if lengths is None or not lengths.sent:
        return None
    rows, each = lengths.to_send, batch.params.get("n") or 1
    repeated = repeated_rows(batch, recipe) if sends_once(batch) else None
    copies = round(rows * repeated.share) if repeated else 0
    sent, inputs = rows - copies, EDITED_PICTURE if recipe.pictures else 0
    low, high = (sent * (each * price + inputs) for price in (model.least, model.most))
    count = many(sent * each, batch.media_noun)
    basis = f"{count} at {dollars(model.least)}" + (f" to {dollars(model.most)}" if model.most > model.least else "")
    basis += f" each{', and ' + dollars(inputs) + ' for each that goes in' if inputs else ''}; no batch discount."
    if batch.makes_videos:
        basis += " xAI publishes no price for videos: this one was set by whoever runs batchsite."
    likely = low if (batch.params.get("quality") or "auto") in {"auto", "low"} else high
    return Estimate(rows, lengths.looked_at, 0, 0, low, likely, high, basis + _once(repeated, copies), copies=copies)


def rows_to_send(batch: Batch) -> int:
    """Returns how many rows a draft is about, those that will be skipped included."""
    return len(batch.rows)


def _basis(lengths: PromptLengths, rates: Rates, kept: int) -> str:
    skipped = lengths.rows - lengths.to_send
    if rates.output.words.startswith(rates.words):  # both come from the same test rows
        words = f"{rates.output.words.capitalize()}; prompts measured on {lengths.words}."
    else:
        words = f"Prompts measured on {lengths.words}; tokens {rates.words}. Answers: {rates.output.words}."
    if skipped:
        about = "" if lengths.looked_at == lengths.rows else "about "
        words += f" {about.capitalize()}{skipped:,} rows with empty values are skipped."
    if kept:
        words += f" {kept:,} test row{'s are' if kept != 1 else ' is'} kept: already paid, and included in the total."
    return words


def _once(repeated: Repeated | None, copies: int) -> str:
    if repeated is None:
        return ""
    if not copies:
        return "" if repeated.is_whole else " Rows that repeat are found when it is submitted, and cost nothing."
    least = "" if repeated.is_whole else "At least "
    words = f"{least}{many(copies, 'row')} repeat{'s' if copies == 1 else ''} the request of another one"
    return f" {words}: sent once, the answer goes to all of them."


def came_out(batch: Batch) -> str:
    """Returns how the cost of a finished batch compares with its estimate, such as “4 % less”. Empty if unknown.

    Rows without an answer were estimated and cost nothing, so they are named if the batch came out cheaper.
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
