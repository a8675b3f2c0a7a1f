"""Answers that were billed and are nobody's result: counted in the cost, and said.

There should be none. There are where a provider answered a row twice, where a row was answered for an attempt after
another one took its place, and where it was sent by somebody else into a batch of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from batchsite.batches.models import ExtraAnswer, RawPage, Submission
from batchsite.batches.timeline import note
from batchsite.wording import dollars, many
from batchsite.xai.types import ResultRow

Answered = tuple[ResultRow, dict[str, Any], int]
"""(result, its raw row, ticks)."""


def count_extras(submission: Submission, answers: Sequence[Answered], kept: Mapping[str, Iterable[int]]) -> int:
    """Keep those of `answers` that are neither a result nor known as extra yet. Returns the ticks that they cost.

    `kept` maps a request id to the primary keys of the raw pages that hold results of this submission for it. The
    submission and its batch are locked; the caller moves the sums.
    """
    billed = {(answer[0].batch_request_id, _fingerprint(answer[1])): answer for answer in answers if answer[2]}
    known = _kept_fingerprints(kept, {request_id for request_id, _ in billed}) if billed else set()
    ids = [request_id for request_id, _ in billed]
    stored = ExtraAnswer.objects.filter(submission=submission, request_id__in=ids)
    known |= set(stored.values_list("request_id", "fingerprint")) if billed else set()
    new = {key: answer for key, answer in billed.items() if key not in known}
    if not new:
        return 0
    ExtraAnswer.objects.bulk_create(
        ExtraAnswer(submission=submission, request_id=request_id[:200], fingerprint=fingerprint, cost_ticks=ticks)
        for (request_id, fingerprint), (_, _, ticks) in new.items()
    )
    cost = sum(ticks for _, _, ticks in new.values())
    note(
        submission.batch_id,
        "billed_twice",
        "xAI billed answers that are not among the results; they are part of the cost",
        submission=submission,
        detail=f"{many(len(new), 'answer')}, {dollars(cost)}: {', '.join(sorted(key for key, _ in new)[:20])}",
    )
    return cost


def _kept_fingerprints(kept: Mapping[str, Iterable[int]], ids: set[str]) -> set[tuple[str, str]]:
    """Returns (request id, fingerprint) of the results that are stored for these ids."""
    pages = {page for request_id in ids for page in kept.get(request_id, ())}
    found = set()
    for page in RawPage.objects.filter(pk__in=pages):
        for raw in page.rows():
            request_id = str(raw.get("batch_request_id", ""))
            if request_id in ids:
                found.add((request_id, _fingerprint(raw)))
    return found


def short_fingerprint(raw: Mapping[str, Any]) -> int:
    """Returns the first 64 bits of the fingerprint, as a signed integer."""
    return int.from_bytes(bytes.fromhex(_fingerprint(raw)[:16]), signed=True)


def _fingerprint(raw: Mapping[str, Any]) -> str:
    """Returns the same for two readings of one completion: by its id where it has one, else by what it says."""
    response = (raw.get("batch_result") or {}).get("response") if isinstance(raw.get("batch_result"), dict) else None
    completion = response.get("chat_get_completion") if isinstance(response, dict) else None
    told = completion.get("id") if isinstance(completion, dict) else None
    if isinstance(response, dict) and isinstance(drawn := response.get("image_generation"), dict):
        told = {name: value for name, value in drawn.items() if name != "data"}  # addresses are new at each reading
    told = told if isinstance(told, dict) or (isinstance(told, str) and told) else raw.get("batch_result")
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
