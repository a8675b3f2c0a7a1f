"""A completion that is no row of a batch, as the columns of the record that keeps it."""

from __future__ import annotations

import zlib
from typing import Any

from batchsite.batches.answer_flaws import flaw_of
from batchsite.batches.tool_use import tool_use_of
from batchsite.pricing.model_prices import ModelPrice
from batchsite.xai.catalogue import call_fees
from batchsite.xai.results import read_completion, with_call_as_answer
from batchsite.xai.types import Usage
from batchsite.xai.wire_json import BIGGEST, encode_json


def columns_of(completion: dict[str, Any], price: ModelPrice | None, function: str = "") -> dict[str, Any]:
    """Returns a completion as columns of an answer: what `function` is called with, if one is named.

    The cost is computed from tokens if the provider names none.
    """
    result = with_call_as_answer(read_completion(completion), function)
    usage = result.usage or Usage(0, 0, 0, 0, None)
    text = result.content or result.refusal
    return {
        "answer": text.replace("\0", "�"),
        "reasoning": result.reasoning.replace("\0", "�"),
        "finish_reason": result.finish_reason[:40],
        "flaw": flaw_of(result.content, result.refusal, result.finish_reason),
        "answered_by": result.model[:100],
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_ticks": _counted(usage, price) if usage.cost_ticks is None else usage.cost_ticks,
        "tool_use": tool_use_of(result),
        "raw": zlib.compress(encode_json(completion)),
    }


def _counted(usage: Usage, price: ModelPrice | None) -> int:
    if price is None:
        return 0
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    fresh = usage.prompt_tokens - cached
    output = usage.completion_tokens + usage.reasoning_tokens
    tokens = fresh * price.input_price + cached * price.cached_price + output * price.output_price
    return min(tokens + call_fees(usage.calls), BIGGEST)
