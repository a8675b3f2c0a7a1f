"""Dead links are found before a draft is submitted: a worker asks for the addresses that go along with its rows.

A dead address costs a failed row at xAI (facts 6.4). A person decides whether rows with one are skipped.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone

from batchsite.batches.batch_recipe import pictures_of
from batchsite.batches.call_places import forget_places, take_places
from batchsite.batches.models import Batch
from batchsite.datasets.link_probe import LOT, LinkState, Prober
from batchsite.datasets.web_fetch import Limits
from batchsite.drafts import draft_store
from batchsite.drafts.models import LinkCheck
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, enqueue, take
from batchsite.recipes.attachments import Pictures, is_address
from batchsite.recipes.row_set import MOST_SPANS, RowSet

CHECK = "batchsite.drafts.tasks.check_links"
MOST_LINKS, MOST_ROWS = 2_000, 100_000
"""The most addresses that are checked, and the most rows that are searched for them."""
LONGEST = 240.0
"""Seconds for all of them; well below the time that a task of the queue may take."""
LISTED = 100
"""Dead addresses that are listed."""
_OF_A_HOST, _OF_A_DAY = "links ", "links of a day "
"""Before the host, in the names of the queues in which all teams wait for it together."""
PER_SECOND, PER_DAY, MOST_AT_ONCE = 10, 10_000, 5_000
"""Requests to a host, of all teams: a second, a day, and of a day's at once."""


def mark_of(batch: Batch) -> str:
    """Returns what tells whether the links of a draft were asked for as it stands now."""
    parts = [batch.picture_column, batch.dataset_id, batch.rows.as_lists()]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def check_of(batch: Batch) -> LinkCheck | None:
    """Returns the check of the draft's links as it stands now. None if they were not asked for, or it has none."""
    if not batch.picture_column:
        return None
    return LinkCheck.objects.filter(batch=batch, mark=mark_of(batch)).first()


def begin(batch: Batch, *, again: bool = False) -> None:
    """Has the links of a draft asked for, unless they were, or it has none."""
    if not batch.picture_column or batch.picture_column not in batch.dataset.columns:
        return
    if check_of(batch) and not again:
        return
    now = timezone.now()
    LinkCheck.objects.filter(batch=batch).delete()
    check = LinkCheck.objects.create(batch=batch, mark=mark_of(batch), next_look_at=now)
    if take(check, now, "long"):
        enqueue(Job(CHECK, (check.pk,), "long"))


def skip_rows(batch: Batch) -> int:
    """Leaves the rows with dead links out of a draft. Returns how many. Raises draft_store.Submitted, ValueError."""
    check = check_of(batch)
    if check is None or not check.dead_rows:
        return 0
    before, rows = len(batch.rows), batch.rows.without(check.rows)
    if not len(rows):
        raise ValueError("Every row has a dead link: nothing would be sent.")
    if len(rows.spans) > MOST_SPANS:
        raise ValueError(f"The rows are scattered over more than {MOST_SPANS:,} places. Remove them from the file.")
    draft_store.save(batch, {"ranges": rows.as_lists(), "row_limit": None})
    left = {"mark": mark_of(batch), "dead": [], "dead_count": 0, "dead_rows": []}
    left |= {"total": check.total - check.dead_count, "asked": check.asked - check.dead_count}
    LinkCheck.objects.filter(pk=check.pk).update(**left)
    return before - len(rows)


# ---- the worker's part ------------------------------------------------------------------------------------


def check_step(check_id: int) -> None:
    """Asks for all links. Raises Busy, LeaseLost. A step that is killed begins again."""
    with claimed(LinkCheck, check_id) as claim:
        check = LinkCheck.objects.select_related("batch__dataset").get(pk=claim.pk)
        if not check.is_looking:
            return
        end_in_words(
            claim,
            lambda: _check(claim, check),
            lambda reason: _end(claim, problem=f"Asking for the links {reason}."),
        )


def _check(claim: Claim[LinkCheck], check: LinkCheck) -> None:
    pictures = pictures_of(check.batch)
    rows_of, looked_at, is_whole = _links(check.batch, pictures) if pictures else ({}, 0, True)
    known = {"total": len(rows_of), "rows_looked_at": looked_at, "is_whole": is_whole}
    LinkCheck.objects.filter(pk=claim.pk).update(**known)
    until, options = time.monotonic() + LONGEST, settings.OPTIONS
    limits = Limits(0, "", options.fetch_private, options.fetch_ports)
    dead: dict[str, str] = {}
    asked = unsure = 0
    prober = Prober(rows_of, limits, pace_of)
    for some in prober.probe_all(lambda: stopping() or time.monotonic() > until):
        claim.extend()
        asked += len(some)
        unsure += sum(found.state is LinkState.UNSURE for _, found in some)
        dead |= {address: found.words for address, found in some if found.state is LinkState.DEAD}
        LinkCheck.objects.filter(pk=claim.pk).update(asked=asked, unsure=unsure)
    if stopping() and asked < len(rows_of):
        claim.next_look_at = timezone.now()
        return
    rows = RowSet([row, row] for address in dead for row in rows_of[address])
    first = sorted(dead, key=lambda address: rows_of[address][0])[:LISTED]
    listed = [{"address": address, "words": dead[address], "row": rows_of[address][0]} for address in first]
    found: dict[str, Any] = {"dead": listed, "dead_count": len(dead), "dead_rows": rows.as_lists()}
    _end(claim, **found, is_whole=is_whole and asked == len(rows_of))


def pace_of(host: str) -> float | None:
    """Returns seconds until so many requests may go to a host. None if it was asked enough for now.

    Whoever has a host named in their table has our server ask it, and it is not their host.
    """
    name = hashlib.sha256(host.encode()).hexdigest()[:32]
    each = timedelta(days=1) / PER_DAY
    if take_places(f"{_OF_A_DAY}{name}", LOT, pace=each, burst=MOST_AT_ONCE, only_within=0.0):
        return None
    return take_places(f"{_OF_A_HOST}{name}", LOT, pace=timedelta(seconds=1) / PER_SECOND, burst=LOT)


def _links(batch: Batch, pictures: Pictures) -> tuple[Mapping[str, list[int]], int, bool]:
    """Returns ({address: rows that have it}, rows that were looked at, whether these are all links)."""
    rows = batch.rows.places(0, MOST_ROWS)
    rows_of: dict[str, list[int]] = {}
    is_whole = len(rows) == len(batch.rows)
    for start, block in batch.dataset.slices_in(rows.spans):
        for row, cells in enumerate(block, start):
            for name in pictures.names(cells):
                if name.startswith("data:") or not is_address(name) or (pictures.shelf and pictures.shelf.find(name)):
                    continue
                if name in rows_of or len(rows_of) < MOST_LINKS:
                    rows_of.setdefault(name, []).append(row)
                else:
                    is_whole = False
    return rows_of, len(rows), is_whole


def _end(claim: Claim[LinkCheck], problem: str = "", **found: Any) -> None:
    with claim.locked():
        LinkCheck.objects.filter(pk=claim.pk).update(ready_at=timezone.now(), problem=problem, **found)
    forget_places(_OF_A_HOST)
