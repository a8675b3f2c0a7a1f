"""Work that runs out of memory, or whose process dies again and again, ends in words where a person sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from batchsite.processes.leases import MOST_TRIES, Claim
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.processes.models import Work

W = TypeVar("W", bound=Work)
CRASHED = "made a worker crash repeatedly"


def end_in_words(claim: Claim[W], work: Callable[[], None], give_up: Callable[[str], None]) -> None:
    """Runs `work`. Where it cannot be done, `give_up` gets the reason, as the end of a sentence, and nothing is due."""
    if claim.tries > MOST_TRIES:
        give_up(CRASHED)
        return
    try:
        with within_memory():
            work()
    except OutOfMemory as error:
        claim.next_look_at = None
        give_up(str(error))
