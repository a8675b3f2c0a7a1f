"""One real-time request: its body and the call.

The only module of trials that knows the provider's client.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from batchsite.recipes.recipe import Recipe
from batchsite.submission.provider_calls import hold_words, is_hold
from batchsite.teams.accounts import Account
from batchsite.teams.network_faults import fault_of, sentence
from batchsite.teams.provider_client import patient_client_for
from batchsite.xai.bodies import CHAT, RESPONSES
from batchsite.xai.errors import RateLimited, XaiError


def for_trying(recipe: Recipe) -> Recipe:
    """Returns the recipe without a request id and the key of a cache; as a chat completion, unless it has tools.

    Chat completions have no tools (facts 6.5). The key is given when a batch is submitted, and asks nothing else.
    """
    return replace(recipe, kind=RESPONSES if recipe.tools else CHAT, id_prefix="try", id_column=None, cache_key="")


def body_of(recipe: Recipe, cells: Sequence[str]) -> dict[str, Any]:
    """Returns the body for one row: what a batch would send for it, without its id."""
    [body] = for_trying(recipe).request(1, cells)["batch_request"].values()
    return dict(body)


def packed(body: dict[str, Any]) -> tuple[bytes, str]:
    """Returns (compressed body, sha256): equal hashes mean that two rows were asked exactly the same."""
    content = orjson.dumps(body)
    return zlib.compress(content), hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Trouble:
    """A call without an answer, and what follows from it."""

    words: str
    hold: str = ""
    """Why the trial waits for a person; the row has not failed."""
    unknown: bool = False
    """The call may have been answered and billed."""
    again: bool = False
    """The provider did nothing: ask again, after `wait` seconds."""
    wait: float = 0.0


def ask(account: Account, body: dict[str, Any]) -> dict[str, Any] | Trouble:
    """Returns the completion, or what went wrong. A call that may have been billed is never repeated."""
    try:
        client = patient_client_for(account)
        return client.chat_completion(body) if "messages" in body else client.response(body)
    except XaiError as error:
        if is_hold(error):
            return Trouble(error.message, hold=hold_words(error, account.kind))
        if error.unknown_outcome:
            return Trouble(error.message, unknown=True)
        again, fault = isinstance(error, RateLimited) or error.never_sent, fault_of(error)
        words = sentence(fault, account.base_url) if fault else error.message
        return Trouble(words, again=again, wait=error.retry_after or 0.0)
