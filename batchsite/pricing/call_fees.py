"""What the calls of xAI's own tools will cost a row, beside its tokens. Pure.

A model decides itself how often it searches, so this is learned from rows that were tried with the same tools.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from batchsite.pricing.lessons import Lesson
from batchsite.wording import dollars
from batchsite.xai.catalogue import CALL_FEES, DOCUMENTS

GUESSED, FEWEST, MOST = 2, 0, 8
"""Calls of a row if nothing is known."""
FOUND_TOKENS = 2_500
"""Prompt tokens that the outcome of a call is guessed to add."""
LEAST_DOUBT = 0.25


@dataclass(frozen=True)
class CallFees:
    """Ticks of a row; no discount applies to them (facts 6.5)."""

    likely: float = 0
    low: float = 0
    high: float = 0
    tokens: float = 0
    """Prompt tokens of what the calls bring, if nothing has taught them yet."""
    words: str = ""


NO_FEES = CallFees()


def expected_fees(tools: Collection[str], lessons: Sequence[Lesson], documents: float = 0) -> CallFees:
    """Returns the fees of a row with these tools, by the first of `lessons` with answers, else guessed.

    `documents` is how many a row has on average that xAI looks through, with a tool that nobody has to choose.
    """
    if not tools and not documents:
        return NO_FEES
    lesson = next((lesson for lesson in lessons if lesson.answers), None)
    if lesson is None:
        return _guessed(tools, documents)
    mean = lesson.tool_ticks / lesson.answers
    deviations = max(0.0, lesson.tool_ticks_squared - lesson.answers * mean**2)
    few = 1 + 3 / lesson.answers  # the variance of few answers is itself uncertain
    error = 2 * few * math.sqrt(deviations / max(1, lesson.answers - 1) / lesson.answers)
    doubt = max(LEAST_DOUBT * mean, error)
    return CallFees(mean, max(0.0, mean - doubt), mean + doubt)


def _guessed(tools: Collection[str], documents: float) -> CallFees:
    fee = documents * CALL_FEES[DOCUMENTS]
    if set(tools) - {"mcp"}:  # calls of MCP servers cost tokens only
        fee += max(fee for kind, fee in CALL_FEES.items() if kind != DOCUMENTS)
    calls = f"{GUESSED} calls of tools a row" if tools else ""
    searches = f"{GUESSED} searches of each document, at {dollars(CALL_FEES[DOCUMENTS])}" if documents else ""
    words = f"{' and '.join(filter(None, (calls, searches)))} are a guess"
    return CallFees(GUESSED * fee, FEWEST * fee, MOST * fee, GUESSED * FOUND_TOKENS * (bool(tools) + documents), words)
