"""Billed answers that are no row's result: counted in the cost, and reported.

There should be none. They occur if a provider answers a row twice, if an attempt is answered after another one took
its place, and if somebody else adds requests to a batch of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import orjson

from batchsite.batches.models import ExtraAnswer, RawPage, Submission
from batchsite.batches.timeline import note
from batchsite.wording import dollars, many
from batchsite.xai.result_page import RawRow, read_raw_row
from batchsite.xai.wire_json import decode_json, is_table, table

Answered = tuple[RawRow, int]
"""(row, ticks)."""


def count_extras(submission: Submission, answers: Sequence[Answered], kept: Mapping[str, Iterable[int]]) -> int:
    """Keep those of `answers` that are neither a result nor known as extra yet. Returns the ticks that they cost.

    `kept` maps a request id to the primary keys of the raw pages that hold results of this submission for it. The
    submission and its batch are locked; the caller moves the sums.
    """
    billed = {(row.result.batch_request_id, _fingerprint(row)): ticks for row, ticks in answers if ticks}
    known = _kept_fingerprints(kept, {request_id for request_id, _ in billed}) if billed else set()
    ids = [request_id for request_id, _ in billed]
    stored = ExtraAnswer.objects.filter(submission=submission, request_id__in=ids)
    known |= set(stored.values_list("request_id", "fingerprint")) if billed else set()
    new = {key: ticks for key, ticks in billed.items() if key not in known}
    if not new:
        return 0
    ExtraAnswer.objects.bulk_create(
        ExtraAnswer(submission=submission, request_id=request_id[:200], fingerprint=fingerprint, cost_ticks=ticks)
        for (request_id, fingerprint), ticks in new.items()
    )
    cost = sum(new.values())
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
        for row in map(read_raw_row, page.rows()):
            if row.result.batch_request_id in ids:
                found.add((row.result.batch_request_id, _fingerprint(row)))
    return found


def short_fingerprint(row: RawRow) -> int:
    """Returns the first 64 bits of the fingerprint, as a signed integer."""
    return int.from_bytes(_hash(row)[:8], signed=True)


def _fingerprint(row: RawRow) -> str:
    """Returns the same for two readings of one completion: by its id where it has one, else by what it says."""
    return _hash(row).hex()[:32]


def _hash(row: RawRow) -> bytes:
    told = row.completion_id or _without_addresses(decode_json(row.json).get("batch_result"))
    try:
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).digest()
    except TypeError:  # it is nested too deeply
        return hashlib.sha256(row.json).digest()


def _without_addresses(result: object) -> object:
    """Returns what a row with generated files tells but for their addresses: those are new at each reading."""
    response = table(table(result).get("response"))
    for kind, where in (("image_generation", "data"), ("video_generation", "video")):
        if is_table(drawn := response.get(kind)):
            return {name: value for name, value in drawn.items() if name != where}
    return result
