"""Causes that failures are grouped by. Pure."""

from __future__ import annotations

import re

NO_RESPONSE = "no response"
REFUSED = "refused when sent"
LOST_REQUEST = "reply lost when asked"
LOST_ANSWER = "answer lost in transit"
"""For rows that ran live: they may have been billed, so only a person can have them asked again."""
STOPPED = "stopped at the spending cap"
TRANSIENT = frozenset({"overloaded", "rate limit", "deadline exceeded", "fault at xAI", NO_RESPONSE})
"""Causes that may be gone at the next attempt. Automatic retries cover only these."""

# gRPC codes of error form b (facts 2.7); the words are matched where there is no code.
_CODES = {"4": "deadline exceeded", "8": "rate limit", "13": "fault at xAI", "14": "fault at xAI"}
_WORDS: tuple[tuple[str, str], ...] = (
    (r"content polic|safety|usage guideline|violat|moderat|flagged", "content policy"),
    (r"deadline|timed? ?-?out", "deadline exceeded"),
    (r"rate.?limit|too many requests|resource.*exhausted", "rate limit"),
    (r"overloaded|unavailable|try again|529|503", "overloaded"),
    (r"internal|server error|\b50[02]\b", "fault at xAI"),
    (r"context (length|window)|too (long|many tokens)|maximum prompt", "prompt too long"),
    (r"image|download|fetch|url", "file or picture not readable"),
    (r"max_tokens|max_completion|temperature|parameter|argument|invalid|must be|unsupported", "invalid parameter"),
    (r"no response and no error", NO_RESPONSE),
    (r"expired", "expired"),
    (r"cancel", "cancelled"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), cause) for pattern, cause in _WORDS)
OTHER = "other error"


def cause_of(error: str, code: str = "") -> str:
    """Returns the cause of a failed row, by the provider's words or, in error form b (facts 2.7), its gRPC code."""
    if code in _CODES:
        return _CODES[code]
    return next((cause for pattern, cause in _COMPILED if pattern.search(error)), OTHER)
