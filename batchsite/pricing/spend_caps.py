"""A batch's spending cap: what was billed, what its rows at xAI may still cost, and how many more fit below it.

What a row costs is known once it is answered. So rows are sent only as long as they fit at the highest price that is
plausible: by the estimate at first, and by what was billed later on. The average has a margin that shrinks
the more answers there are, and the last rows count as the dearest one that came. What has a fixed price, as a picture
or a video, needs no margin: there the estimate has no range either.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from django.db.models import F, Sum

from batchsite.batches.models import Batch, Chunk, ChunkState, LiveRequest, LiveState, Submission
from batchsite.pricing.soft_line import near

PROBE = 20
"""Rows at xAI at a time while their cost is unknown."""
ENOUGH = 10
"""Answers from which on their average is trusted more than the estimate."""


@dataclass(frozen=True)
class SpendCap:
    """Where a batch stands. Money in ticks."""

    limit: int
    billed: int
    in_flight: int
    """Rows that xAI has, or may have, without a result here."""
    likely: int | None
    """The likely cost of one more row. None if unknown."""
    highest: int | None
    """The most that is plausible for a row, as an average of many."""
    spread: int = 0
    """How far a single row may lie above that average."""

    @property
    def fits(self) -> int:
        """How many more rows may be sent."""
        room = self.limit - self.billed
        if self.highest is None or room <= 0:
            return max(0, PROBE - self.in_flight) if room > 0 else 0
        each = max(1, self.highest)
        rows = int(((sqrt(self.spread**2 + 4 * each * room) - self.spread) / (2 * each)) ** 2)
        return max(0, rows - self.in_flight)

    def most_for(self, rows: int) -> int:
        """Returns what this many rows may cost together: expensive and cheap ones even out."""
        return rows * (self.highest or 0) + round(self.spread * sqrt(rows))

    @property
    def will_pass(self) -> bool:
        """Whether what xAI has already is likely to pass the cap."""
        at_least = self.billed + self.in_flight * (self.likely or 0)
        return bool(self.in_flight) and (self.billed >= self.limit or at_least > self.limit)

    @property
    def is_near(self) -> bool:
        return near(self.billed, self.limit)

    @property
    def least_more(self) -> int:
        """The least cap with which one more row is sent."""
        return self.billed + self.most_for(self.in_flight + 1) + 1


def spend_cap_of(batch_id: int) -> SpendCap | None:
    """Returns where the batch stands by the database now. None if it has no cap."""
    batch = Batch.objects.get(pk=batch_id)
    return None if batch.spend_cap_ticks is None else spend_cap(batch, batch.spend_cap_ticks)


def spend_cap(batch: Batch, limit: int) -> SpendCap:
    """Returns where the batch would stand under a cap."""
    sums = Submission.objects.filter(batch=batch).aggregate(ticks=Sum("cost_ticks"), answers=Sum("succeeded"))
    ticks, answers = sums["ticks"] or 0, sums["answers"] or 0
    likely, highest = _estimated(batch)
    dearest = highest or 0
    if answers and highest is not None and likely == highest:
        likely = highest = dearest = max(batch.dearest_ticks, -(-ticks // answers))
    elif answers:
        average = -(-ticks // answers)
        margin = round(average * (1 + 1 / sqrt(answers)))
        highest = margin if answers >= ENOUGH else max(margin, highest or 0)
        likely = average if answers >= ENOUGH else min(highest, max(average, likely or 0))
        dearest = max(batch.dearest_ticks, highest)
    return SpendCap(limit, batch.cost_ticks, _in_flight(batch.pk), likely, highest, dearest - (likely or 0))


def _estimated(batch: Batch) -> tuple[int | None, int | None]:
    """Returns what a row costs by the estimate of the batch: likely, and at most."""
    stored = batch.estimate or {}
    rows = sum(sign * int(stored.get(name) or 0) for name, sign in (("rows", 1), ("kept", -1), ("copies", -1)))
    if rows < 1 or not stored.get("high"):
        return None, None
    paid = int(stored.get("paid") or 0)
    return tuple(max(0, -((paid - int(stored[name])) // rows)) for name in ("likely", "high"))  # type: ignore[return-value]


def _in_flight(batch_id: int) -> int:
    """Returns how many rows xAI has, or may have, without a result here."""
    in_batches = Submission.objects.filter(batch=batch_id, ended_at=None, is_live=False)
    done = F("succeeded") + F("failed") + F("cancelled") + F("missing")
    open_rows = in_batches.aggregate(sum=Sum(F("total") - done))["sum"] or 0
    planned = Chunk.objects.filter(submission__in=in_batches, state=ChunkState.PLANNED)
    not_sent = planned.aggregate(sum=Sum("count"))["sum"] or 0
    running = [LiveState.SENDING, LiveState.RUNNING]
    live = LiveRequest.objects.filter(submission__batch=batch_id, state__in=running).count()
    return max(0, open_rows - not_sent) + live
