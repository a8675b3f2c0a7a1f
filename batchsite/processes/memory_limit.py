"""A memory limit for a process: work that needs more ends with a message instead of a killed process.

RLIMIT_DATA counts what a process can write to. RLIMIT_AS also counts what is merely reserved: sixteen threads reserve
1 GB for their heaps and use 50 MB. A watchdog that looks at the memory in use can only kill, and the next process would
begin the same work again. At this limit an allocation fails instead, Python raises MemoryError, and the process lives.
Linux only: other systems do not count what is mapped.
"""

from __future__ import annotations

import contextlib
import logging
import resource
import sys
import traceback
from collections.abc import Iterator

from django.conf import settings

from batchsite.wording import size

log = logging.getLogger(__name__)


class OutOfMemory(Exception):
    """The work needs more memory than a process may use. The message says so as the end of a sentence."""


def limit_memory() -> None:
    """Sets the limit for this process and its forks, each of which may use that much."""
    if sys.platform != "linux":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = settings.OPTIONS.memory if hard == resource.RLIM_INFINITY else min(settings.OPTIONS.memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def need_room(most: int) -> None:
    """Raises MemoryError if this many bytes are not available. To be called before orjson, which would crash."""
    bytearray(most)  # nothing is written to it, so it takes no time


@contextlib.contextmanager
def within_memory() -> Iterator[None]:
    """Raises OutOfMemory if the block runs out of memory, after everything that it held is freed."""
    try:
        yield
    except MemoryError as error:
        traceback.clear_frames(error.__traceback__)
        log.warning("a step ran out of memory", extra={"limit": settings.OPTIONS.memory})
        words = f"needs more memory than a process may use ({size(settings.OPTIONS.memory)}, BATCHSITE_MEMORY)"
        raise OutOfMemory(words) from None
