"""Which models run in batches, and at what price, without asking xAI (facts 7.3, November 2026).

This table is only a first guess, because the API does not say which models run in batches (facts 7.2). Prices from
`language_models()` override it, and a refusal by xAI overrides everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BATCH_DISCOUNT = (8, 10)  # a batch costs 8/10 of the list price
LONG_PROMPT = 200_000  # from this many prompt tokens on, every token costs double
RETIRED = "{model} was retired on 15 May 2026."
NO_BATCHES = "xAI does not offer {model} for batches."
IN_BATCHES = "xAI offers {model} for batches."
DOCUMENTS = "document_search"
CALL_FEES = {"web_search": 50_000_000, "x_search": 50_000_000, "code_interpreter": 50_000_000, DOCUMENTS: 100_000_000}
"""Ticks of a call of xAI's own tools, without a discount; calls of other kinds cost tokens only (facts 6.5)."""
PER_ITEM = "xAI offers {model} for batches, for pictures and films only, without a discount."
UNKNOWN = "It is not known whether xAI offers {model} for batches; xAI will say so when requests are added."


@dataclass(frozen=True)
class ListPrice:
    """Ticks (1e-10 USD) per token, before any discount."""

    input_ticks: int
    cached_ticks: int
    output_ticks: int  # completion and reasoning tokens


@dataclass(frozen=True)
class BatchModel:
    """A text model that runs in batches."""

    id: str
    price: ListPrice
    context: int = 1_000_000
    """Tokens of prompt and answer together."""


_GROK_4 = ListPrice(input_ticks=12_500, cached_ticks=2_000, output_ticks=25_000)

BATCH_MODELS = (
    BatchModel("grok-4.3", _GROK_4),
    BatchModel("grok-4.20-0309-reasoning", _GROK_4),
    BatchModel("grok-4.20-0309-non-reasoning", _GROK_4),
    BatchModel("grok-4.20-multi-agent-0309", _GROK_4),
)


@dataclass(frozen=True)
class PictureModel:
    """A model that makes pictures, and what one costs, in batches too: the least and the most by quality."""

    id: str
    least: int
    most: int


PICTURE_MODELS = (
    PictureModel("grok-imagine-image", 200_000_000, 200_000_000),
    PictureModel("grok-imagine-image-2.0", 400_000_000, 800_000_000),
)
EDITED_PICTURE = 20_000_000  # ticks for the picture that goes in


def picture_model(model_id: str) -> PictureModel | None:
    """Returns the model if it makes pictures; one that is not in the table costs what the dearest does. Else None."""
    if not model_id.startswith("grok-imagine-image"):
        return None
    known = next((model for model in PICTURE_MODELS if model.id == model_id), None)
    return known or PictureModel(model_id, PICTURE_MODELS[0].least, PICTURE_MODELS[-1].most)


def makes_videos(model_id: str) -> bool:
    """Returns whether the model makes videos. What one costs, nobody published: the operator says it (XAI_VIDEOS)."""
    return model_id.startswith("grok-imagine-video")


def makes_media(model_id: str) -> bool:
    """Returns whether the model answers with files, which are fetched: pictures or videos."""
    return makes_videos(model_id) or picture_model(model_id) is not None


_BATCHABLE = frozenset(model.id for model in BATCH_MODELS)
_NOT_BATCHABLE = frozenset({"grok-4.5", "grok-4.6", "grok-4.7", "grok-build-0.1", "grok-3-mini"})
_RETIRED = frozenset({"grok-3", "grok-4-0709"})
_RETIRED_FAMILIES = ("grok-4-fast", "grok-4-1-fast", "grok-code-fast-1")
_PER_ITEM_FAMILY = "grok-imagine"
_LONG_EFFORTS = frozenset({"high", "xhigh"})
_LONG_BY_DEFAULT = ("grok-4.5", "grok-4.6", "grok-4.7", "grok-4.20-multi-agent")
"""Their effort is high unless told otherwise: known of grok-4.5, assumed of the others (facts 6.2)."""


def is_batchable(model_id: str) -> bool | None:
    """Returns whether xAI runs the model in batches, None if unknown. `batch_reason` explains it."""
    if model_id in _BATCHABLE or model_id.startswith(_PER_ITEM_FAMILY):
        return True
    return False if model_id in _NOT_BATCHABLE or is_retired(model_id) else None


def batch_reason(model_id: str) -> str:
    """Returns the sentence that explains `is_batchable` to a person."""
    known = {True: IN_BATCHES, False: NO_BATCHES, None: UNKNOWN}
    sentence = known[is_batchable(model_id)]
    if is_retired(model_id):
        sentence = RETIRED
    elif model_id.startswith(_PER_ITEM_FAMILY):
        sentence = PER_ITEM
    return sentence.format(model=model_id)


def is_retired(model_id: str) -> bool:
    """Returns whether xAI does not answer with the model any more, in batches or otherwise."""
    return model_id in _RETIRED or model_id.startswith(_RETIRED_FAMILIES)


def reasons_for_long(model_id: str, effort: str | None) -> bool:
    """Returns whether an answer may take minutes. `effort` is what is asked for, None for the model's own."""
    return effort in _LONG_EFFORTS if effort else model_id.startswith(_LONG_BY_DEFAULT)


def list_price(model_id: str) -> ListPrice | None:
    """Returns the list price of the model, None if it is not in the table."""
    return next((model.price for model in BATCH_MODELS if model.id == model_id), None)


def batch_cost(price: ListPrice, *, prompt_tokens: int, cached_tokens: int = 0, output_tokens: int) -> int:
    """Returns the ticks for one row of a batch, rounded up. `output_tokens` = completion plus reasoning."""
    tokens = {"prompt_tokens": prompt_tokens, "cached_tokens": cached_tokens, "output_tokens": output_tokens}
    return discounted(list_cost(price, **tokens))


def list_cost(price: ListPrice, *, prompt_tokens: int, cached_tokens: int = 0, output_tokens: int) -> int:
    """Returns the ticks for one completion that is no row of a batch."""
    ticks = (
        (prompt_tokens - cached_tokens) * price.input_ticks
        + cached_tokens * price.cached_ticks
        + output_tokens * price.output_ticks
    )
    if prompt_tokens >= LONG_PROMPT:
        ticks *= 2
    return ticks


def call_fees(calls: Iterable[tuple[str, int]]) -> int:
    """Returns the ticks of (kind, number) of calls."""
    return sum(CALL_FEES.get(kind, 0) * number for kind, number in calls)


def discounted(list_ticks: int) -> int:
    """Returns the batch price in whole ticks, rounded up, because an estimate should not be too low."""
    share, whole = BATCH_DISCOUNT
    return -(-list_ticks * share // whole)
