"""What a batch will cost, before anything is sent: low, likely and high, and what the figures rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Sum

from batchsite.batches.models import Batch
from batchsite.batches.offers import Offer, discounted, offer_of
from batchsite.batches.planning import Recipe
from batchsite.datasets.models import BLOCK_ROWS, Dataset

SAMPLE_BLOCKS = 4
OVERHEAD = 190
"""Tokens that xAI adds to every prompt; mostly billed at the cached price (facts 2.13)."""
CHARACTERS_PER_TOKEN = 4
ANSWER_GUESS, REASONING_GUESS = 150, 150
"""Tokens of an answer where nothing is known of the model yet."""
ENOUGH_ANSWERS = 5


@dataclass(frozen=True)
class Estimate:
    """Tokens are averages a row, money is ticks for the whole batch."""

    rows: int
    measured: int
    """Rows whose prompts were measured."""
    prompt_tokens: int
    output_tokens: int
    low: int
    likely: int
    high: int
    basis: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate(batch: Batch, recipe: Recipe) -> Estimate | None:
    """The estimate for a draft; None where the model's price is not known or there are no rows."""
    offer = offer_of(batch.team, batch.model)
    rows = rows_to_send(batch)
    if offer is None or not rows:
        return None
    measured, characters = _measure(batch.dataset, recipe, rows)
    own = -(-characters // (measured * CHARACTERS_PER_TOKEN))
    output, most, output_basis = _output_tokens(batch)
    return Estimate(
        rows=rows,
        measured=measured,
        prompt_tokens=own + OVERHEAD,
        output_tokens=output,
        low=rows * _row_cost(offer, own, cached=OVERHEAD, output=output // 2),
        likely=rows * _row_cost(offer, own, cached=OVERHEAD, output=output),
        high=rows * _row_cost(offer, own + OVERHEAD, cached=0, output=most),
        basis=f"Prompts measured on {_of(measured, rows)} at {CHARACTERS_PER_TOKEN} characters a token, "
        f"plus about {OVERHEAD} tokens that xAI adds to each; {output_basis}.",
    )


def rows_to_send(batch: Batch) -> int:
    """How many rows a draft would send."""
    return min(batch.row_limit or batch.dataset.row_count, batch.dataset.row_count)


def _of(measured: int, rows: int) -> str:
    return f"all {rows:,} rows" if measured == rows else f"{measured:,} of {rows:,} rows"


def _measure(dataset: Dataset, recipe: Recipe, rows: int) -> tuple[int, int]:
    """(rows, characters of their prompts), on blocks spread over the rows: quick at any size."""
    count = characters = 0
    for number, cells in sample(dataset, rows):
        del number
        count += 1
        characters += sum(len(message.content) for message in recipe.messages(cells))
    return count, characters


def sample(dataset: Dataset, rows: int) -> Iterator[tuple[int, Sequence[str]]]:
    """Up to `SAMPLE_BLOCKS` blocks of the first `rows` rows: the first, the last, and evenly between."""
    blocks = -(-rows // BLOCK_ROWS)
    steps = min(SAMPLE_BLOCKS, blocks)
    chosen = sorted({round(step * (blocks - 1) / max(1, steps - 1)) for step in range(steps)})
    for block in chosen:
        yield from dataset.rows(block * BLOCK_ROWS + 1, min(rows, (block + 1) * BLOCK_ROWS))


def _output_tokens(batch: Batch) -> tuple[int, int, str]:
    """(likely, high, what it rests on) tokens of output for a row, reasoning included."""
    limit = batch.params.get("max_completion_tokens")
    learnt = _learnt(batch)
    if learnt:
        likely, answers = learnt
        return likely, likely * 2, f"output as in {answers:,} answers of earlier batches with {batch.model}"
    # The limit caps the visible answer only, never the reasoning (facts 6.1).
    answer = min(ANSWER_GUESS, int(limit)) if limit else ANSWER_GUESS
    most = int(limit) if limit else ANSWER_GUESS * 4
    words = f"output guessed at {answer + REASONING_GUESS} tokens, as there is no earlier batch with {batch.model}"
    return answer + REASONING_GUESS, most + REASONING_GUESS * 4, words


def _learnt(batch: Batch) -> tuple[int, int] | None:
    """(tokens of output a row, answers it is learnt from): of this prompt where it ran before, else of the model."""
    earlier = Batch.objects.filter(team_id=batch.team_id, model=batch.model, account=batch.account or "sandbox")
    earlier = earlier.exclude(pk=batch.pk).filter(succeeded__gte=ENOUGH_ANSWERS).order_by("-pk")
    for some in (earlier.filter(prompt=batch.prompt, system_prompt=batch.system_prompt), earlier):
        sums = Batch.objects.filter(pk__in=list(some.values_list("pk", flat=True)[:20])).aggregate(
            answers=Sum("succeeded"), completion=Sum("completion_tokens"), reasoning=Sum("reasoning_tokens")
        )
        if sums["answers"]:
            return -(-(sums["completion"] + sums["reasoning"]) // sums["answers"]), sums["answers"]
    return None


def _row_cost(offer: Offer, prompt: int, *, cached: int, output: int) -> int:
    """Ticks for one row at batch price."""
    return discounted(prompt * offer.input_price + cached * offer.cached_price + output * offer.output_price)
