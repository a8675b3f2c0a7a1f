"""A draft in a batch and run live, compared: what it costs, and how long it takes (facts 2.12, 5)."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from django.conf import settings

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.batchable import answers_for, takes_batches
from batchsite.batches.models import Batch
from batchsite.pricing.estimate import Estimate, estimate
from batchsite.wording import about, many

NO_TOOLS = (
    "With tools it cannot run live: xAI takes tools in batches and in tries, not in deferred requests. "
    "To run it live, remove the tools."
)
NO_PICTURES = "{model} makes {made}s, which can’t run live. Choose the batch."
SECONDS_EACH = 15
"""Of a row that runs live: an answer, and up to one poll until it is read."""


@dataclass(frozen=True)
class BothWays:
    """Both ways of a draft. A price is None where it is unknown, and in a batch where its model takes none."""

    rows: int
    in_a_batch: Estimate | None
    live: Estimate | None
    takes_batches: bool

    @property
    def more(self) -> int | None:
        """Ticks that running it live costs more; None if either price is unknown."""
        return self.live.likely - self.in_a_batch.likely if self.live and self.in_a_batch else None

    @property
    def words(self) -> str:
        """Returns the choice in words: `10 rows in about a minute, for $0.02 more`."""
        cost = f", for {about(self.live.likely)}" if self.live else ""
        if self.more is not None:
            cost = f", for {about(self.more)} more"
        return f"{many(self.rows, 'row')} in {live_time(self.rows)}{cost}"


def why_not_live(batch: Batch) -> str:
    """Returns why a draft cannot run live, as a sentence (facts 5, 6.5). Empty if it can."""
    if batch.makes_media:
        return NO_PICTURES.format(model=batch.model, made=batch.media_noun)
    return NO_TOOLS if batch.tools else ""


def both_ways(batch: Batch, price: Estimate | None) -> BothWays:
    """Returns both ways of a draft; `price` is its estimate as it stands. Raises PromptError and ValueError."""
    other = copy.copy(batch)
    other.runs_live = not batch.runs_live
    taken = takes_batches(batch.model, answers_for(batch.team))
    compared = estimate(other, recipe_of(other)) if price and taken else None
    pair = (compared, price) if batch.runs_live else (price, compared)
    rows = price.rows if price else len(batch.rows)
    return BothWays(rows, *pair, takes_batches=taken)


def live_time(rows: int) -> str:
    """Returns about how long so many rows take live, in words."""
    rounds = -(-rows // max(1, settings.OPTIONS.live_requests))
    minutes = (SECONDS_EACH + rounds * SECONDS_EACH) / 60
    if minutes <= 1.5:
        return "about a minute"
    if minutes < 90:
        return f"about {many(round(minutes), 'minute')}"
    return f"about {many(round(minutes / 60), 'hour')}"
