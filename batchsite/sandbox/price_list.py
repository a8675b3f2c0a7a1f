"""The sandbox's models and what a request costs, in whole ticks (1 tick = 1e-10 USD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

OVERHEAD_TOKENS = 190
"""Hidden prompt tokens billed with every request (facts 2.13)."""

LONG_PROMPT = 200_000
"""From this many prompt tokens on, every token costs double (facts 7.3)."""

CREATED = 1_775_000_000


@dataclass(frozen=True)
class Model:
    """Prices are in ticks per token, the unit of /language-models (facts 7.2)."""

    id: str
    input_price: int
    cached_price: int
    output_price: int
    batchable: bool = False
    aliases: tuple[str, ...] = ()
    reasons: bool = True
    """It bills reasoning tokens and refuses some parameters (facts 6.1)."""
    shows_reasoning: bool = False
    efforts: tuple[str, ...] = ()
    """Accepted values of reasoning_effort; empty = the parameter is refused (facts 6.2)."""
    picture_price: int = 0
    """Ticks for a generated picture, in batches too; 0 = it makes none (facts 7.6)."""
    video_price: int = 0
    """Ticks for a video; 0 = it makes none."""
    context: int = 256_000


MODELS = (
    Model(
        "grok-4.3",
        12_500,
        2_000,
        25_000,
        batchable=True,
        aliases=("grok-4.3-latest",),
        shows_reasoning=True,
        efforts=("none", "low", "medium", "high", "xhigh"),
        context=1_000_000,
    ),
    Model("grok-4.20-0309-reasoning", 12_500, 2_000, 25_000, batchable=True, context=1_000_000),
    Model("grok-4.20-0309-non-reasoning", 12_500, 2_000, 25_000, batchable=True, reasons=False, context=1_000_000),
    Model(
        "grok-4.20-multi-agent-0309",
        12_500,
        2_000,
        25_000,
        batchable=True,
        efforts=("low", "medium", "high", "xhigh"),
        context=1_000_000,
    ),
    Model("grok-4.5", 20_000, 3_000, 60_000, efforts=("low", "medium", "high", "xhigh")),
    Model("grok-4.6", 20_000, 5_000, 60_000, efforts=("low", "medium", "high", "xhigh")),
    Model("grok-4.7", 20_000, 5_000, 60_000, efforts=("low", "medium", "high", "xhigh")),
    Model("grok-build-0.1", 10_000, 2_000, 20_000),
    Model("grok-3-mini", 3_000, 750, 5_000, efforts=("low", "high"), context=131_072),
    Model("grok-code-fast-1", 2_000, 200, 15_000),
)

PICTURE_MODELS = (
    Model("grok-imagine-image", 0, 0, 0, batchable=True, picture_price=200_000_000),
    Model("grok-imagine-image-2.0", 0, 0, 0, batchable=True, picture_price=400_000_000),
)
"""Not among /language-models."""

VIDEO_MODELS = (Model("grok-imagine-video", 0, 0, 0, batchable=True, video_price=500_000_000),)
"""That it is named so and costs this is a guess (facts 7.7)."""

_BY_NAME = {name: model for model in (*MODELS, *PICTURE_MODELS, *VIDEO_MODELS) for name in (model.id, *model.aliases)}


def find_model(name: str) -> Model | None:
    return _BY_NAME.get(name)


class Usage(NamedTuple):
    """Token counts as xAI reports them: completion excludes reasoning, prompt includes cached (facts 2.13)."""

    prompt: int
    cached: int
    completion: int
    reasoning: int
    image: int = 0
    """The part of the prompt that its pictures are (facts 6.4)."""


def list_price(model: Model, usage: Usage) -> int:
    """Returns the ticks at list price. Reasoning is billed as output."""
    ticks = (
        (usage.prompt - usage.cached) * model.input_price
        + usage.cached * model.cached_price
        + (usage.completion + usage.reasoning) * model.output_price
    )
    return ticks * 2 if usage.prompt >= LONG_PROMPT else ticks


def batch_price(model: Model, usage: Usage) -> int:
    """Returns the ticks in a batch: 80 % of the list price.

    Every list price is a multiple of 5 ticks per token, so nothing is ever rounded.
    """
    return list_price(model, usage) * 8 // 10
