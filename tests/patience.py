"""How long tests wait: their limits are written for a machine with nothing else to do."""

from __future__ import annotations

SLOWER = 5
"""A machine with slow cores, or much else to do, is slow and not wrong. Only a test that fails waits for it."""


def patient(seconds: float) -> float:
    """As long as this may take elsewhere."""
    return SLOWER * seconds
