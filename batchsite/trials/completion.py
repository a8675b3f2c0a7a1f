"""One request of a trial: its body, and the calls that bring its answer.

The only module of trials that knows the provider's client. Where a model reasons for long, the request is a deferred
completion: it has no connection that could break, and a worker that dies loses no answer (facts 5).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from batchsite.recipes.recipe import Recipe
from batchsite.submission import deferred_calls
from batchsite.submission.deferred_calls import CallVerdict
from batchsite.submission.provider_calls import hold_words, is_hold
from batchsite.submission.provider_teams import cannot_read, team_of_key
from batchsite.teams.accounts import Account
from batchsite.teams.network_faults import fault_of, sentence
from batchsite.teams.provider_client import client_for, patient_client_for
from batchsite.xai.bodies import CHAT, RESPONSES
from batchsite.xai.catalogue import reasons_for_long
from batchsite.xai.errors import RateLimited, XaiError
from batchsite.xai.rate_limits import StartedDeferred


def for_trying(recipe: Recipe) -> Recipe:
    """Returns the recipe without a request id and the key of a cache; as a chat completion, unless it has tools.

    Chat completions have no tools (facts 6.5). The key is given when a batch is submitted, and asks nothing else.
    Documents go into the request, as a few rows need no uploads; one that is too large for that can only be submitted.
    """
    pictures = replace(recipe.pictures, file_ids=None) if recipe.pictures else None
    kind = RESPONSES if recipe.tools else CHAT
    return replace(recipe, kind=kind, pictures=pictures, id_prefix="try", id_column=None, cache_key="")


def body_of(recipe: Recipe, cells: Sequence[str]) -> dict[str, Any]:
    """Returns the body for one row: what a batch would send for it, without its id."""
    [body] = for_trying(recipe).request(1, cells)["batch_request"].values()
    return dict(body)


def packed(body: dict[str, Any]) -> tuple[bytes, str]:
    """Returns (compressed body, sha256): equal hashes mean that two rows were asked exactly the same."""
    content = orjson.dumps(body)
    return zlib.compress(content), hashlib.sha256(content).hexdigest()


def is_deferred(body: Mapping[str, Any]) -> bool:
    """Whether a body is asked as a deferred completion: chat completions of models that reason for long only."""
    return "messages" in body and reasons_for_long(body["model"], body.get("reasoning_effort"))


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
    gone: bool = False
    """xAI does not have the answer, or not any more."""


Reply = dict[str, Any] | StartedDeferred | Trouble | None
"""The completion; or that xAI works on it from now on; or None, that it still does."""


def ask(account: Account, body: dict[str, Any], call_id: str) -> Reply:
    """Asks for an answer. A call that may have been billed is never repeated."""
    if is_deferred(body):
        reply = deferred_calls.ask(client_for(account), body, call_id)
        return _trouble(account, reply) if isinstance(reply, XaiError) else reply
    try:
        client = patient_client_for(account)
        complete = client.chat_completion if "messages" in body else client.response
        return complete(body, call_id)
    except XaiError as error:
        return _trouble(account, error)


def team_of(account: Account) -> str:
    """Returns the xAI team of the account's key; "" if that is not known."""
    return team_of_key(account, client_for(account))


def waits_for_key(account: Account, asked_by: str) -> str:
    """Returns why answers that a key of the team `asked_by` asked for cannot be read with this one, "" if they can."""
    return cannot_read(account, client_for(account), asked_by)


def read(account: Account, request_id: str) -> Reply:
    """Reads a deferred answer. Once it was delivered, xAI no longer has it."""
    reply = deferred_calls.read(client_for(account), request_id)
    if not isinstance(reply, XaiError):
        return reply
    verdict = deferred_calls.after_reading(reply)
    if verdict is CallVerdict.GONE:
        return Trouble(reply.message, gone=True)
    if verdict is CallVerdict.REFUSED:
        return Trouble(reply.message)
    return replace(_trouble(account, reply), unknown=False, again=True)


def _trouble(account: Account, error: XaiError) -> Trouble:
    if is_hold(error):
        return Trouble(error.message, hold=hold_words(error, account))
    if error.unknown_outcome:
        return Trouble(error.message, unknown=True)
    again, fault = isinstance(error, RateLimited) or error.never_sent, fault_of(error)
    words = sentence(fault, account.base_url) if fault else error.message
    return Trouble(words, again=again, wait=error.retry_after or 0.0)
