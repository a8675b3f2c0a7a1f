"""Work that runs out of memory, or kills its process again and again, ends in a message that a person sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from batchsite.processes.leases import MOST_TRIES, Claim
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.processes.models import Work

W = TypeVar("W", bound=Work)
CRASHED = "made a worker crash repeatedly"


def end_in_words(claim: Claim[W], work: Callable[[], None], give_up: Callable[[str], None]) -> None:
    """Runs `work`. If it cannot be done, calls `give_up` with the reason, as the end of a sentence."""
    if claim.tries > MOST_TRIES:
        give_up(CRASHED)
        return
    try:
        with within_memory():
            work()
    except OutOfMemory as error:
        claim.next_look_at = None
        give_up(str(error))
