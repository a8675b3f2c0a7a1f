"""One request in real time: its body, the call, and what came back as columns of a TrialAnswer.

The only module of this room that knows the provider's client.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from batchsite.pricing.model_prices import Offer
from batchsite.recipes.recipe import Recipe
from batchsite.submission.provider_calls import hold_words, is_hold
from batchsite.teams.accounts import Account
from batchsite.teams.provider_client import patient_client_for
from batchsite.xai.bodies import CHAT
from batchsite.xai.errors import RateLimited, XaiError
from batchsite.xai.results import read_completion
from batchsite.xai.types import Usage


def for_trying(recipe: Recipe) -> Recipe:
    """The recipe as a chat completion without an id of its own, whatever the batch would send."""
    return replace(recipe, kind=CHAT, id_prefix="try", id_column=None)


def body_of(recipe: Recipe, cells: Sequence[str]) -> dict[str, Any]:
    """The body of a chat completion for one row: what a batch would send for it, without its id."""
    body: dict[str, Any] = for_trying(recipe).request(1, cells)["batch_request"][CHAT]
    return body


def packed(body: dict[str, Any]) -> tuple[bytes, str]:
    """(compressed, sha256) of a body: the hash tells whether two rows were asked the very same."""
    content = orjson.dumps(body)
    return zlib.compress(content), hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Trouble:
    """A call that gave no answer, and what follows from it."""

    words: str
    hold: str = ""
    """Why everything waits for a person; the row has not failed."""
    unknown: bool = False
    """It may have been answered and billed."""
    again: bool = False
    """Nothing was done: it may be asked again, after `wait` seconds where the provider said so."""
    wait: float = 0.0


def ask(account: Account, body: dict[str, Any]) -> dict[str, Any] | Trouble:
    """The completion as it came, or what went wrong. A call that may have been billed is never made again."""
    try:
        return patient_client_for(account).chat_completion(body)
    except XaiError as error:
        if is_hold(error):
            return Trouble(error.message, hold=hold_words(error, account.kind))
        if error.unknown_outcome:
            return Trouble(error.message, unknown=True)
        again = isinstance(error, RateLimited) or error.never_sent
        return Trouble(error.message, again=again, wait=error.retry_after or 0.0)


def columns_of(completion: dict[str, Any], offer: Offer | None) -> dict[str, Any]:
    """What a completion says, as columns of a TrialAnswer. Without a named cost it is counted by tokens."""
    result = read_completion(completion)
    usage = result.usage or Usage(0, 0, 0, 0, None)
    text = result.content or result.refusal
    return {
        "answer": text.replace("\0", "�"),
        "reasoning": result.reasoning.replace("\0", "�"),
        "finish_reason": result.finish_reason[:40],
        "answered_by": result.model[:100],
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_ticks": _counted(usage, offer) if usage.cost_ticks is None else usage.cost_ticks,
        "raw": zlib.compress(orjson.dumps(completion)),
    }


def _counted(usage: Usage, offer: Offer | None) -> int:
    if offer is None:
        return 0
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    fresh = usage.prompt_tokens - cached
    output = usage.completion_tokens + usage.reasoning_tokens
    return fresh * offer.input_price + cached * offer.cached_price + output * offer.output_price
