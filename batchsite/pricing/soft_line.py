"""The soft line below every spending limit, from which on people are warned. Pure."""

from __future__ import annotations

SHARE = 80
"""Percent of the limit."""


def near(spent: int, limit: int) -> bool:
    """Whether the soft line is passed, and the limit itself is not."""
    return spent < limit and 100 * spent >= SHARE * limit
