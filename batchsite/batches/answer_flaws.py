"""What can be wrong with an answer that came back: nothing in it, cut off, refused by the model. Pure.

The row counts as succeeded, as xAI billed it; its cause says what is wrong, and it can be retried by that cause.
"""

from __future__ import annotations

import re

from batchsite.recipes.cut_answers import is_cut_off, plain_reason

NO_ANSWER = "no answer"
CUT_BEFORE_ANSWER = "no answer within the token limit"
TRUNCATED = "cut off by the token limit"
DECLINED = "refused by the model"
CUT_OFF = frozenset({CUT_BEFORE_ANSWER, TRUNCATED})
"""Causes that a higher cap on output tokens may mend."""
COUNTERS = {
    NO_ANSWER: "no_answer",
    CUT_BEFORE_ANSWER: "no_answer",
    TRUNCATED: "truncated",
    DECLINED: "declined",
}
"""{cause: the batch's counter for it}."""
WARNINGS = {
    NO_ANSWER: "There is no answer.",
    CUT_BEFORE_ANSWER: "There is no answer: reasoning used up the token limit first.",
    TRUNCATED: "The answer was cut off at the token limit.",
    DECLINED: "The model refused to answer.",
}
SEVERAL = "There are several answers; the others are in a column of their own."

_REFUSED = frozenset(
    {"content_filter", "content_filtered", "refusal", "safety", "moderation", "blocked", "blocklist", "recitation"}
    | {"prohibited_content", "content_policy_violation", "guardrail_intervened", "spii", "image_safety", "language"}
)
_BLANK = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]*+")


def is_blank(content: str) -> bool:
    """Whether a text has no visible character."""
    return _BLANK.fullmatch(content) is not None


def flaw_of(content: str, refusal: str, finish_reason: str) -> str:
    """Returns the cause of a flawed answer. Blank if nothing is wrong with it."""
    nothing = is_blank(content)
    if plain_reason(finish_reason) in _REFUSED or (refusal.strip() and nothing):
        return DECLINED
    is_cut = is_cut_off(finish_reason)
    if nothing:
        return CUT_BEFORE_ANSWER if is_cut else NO_ANSWER
    return TRUNCATED if is_cut else ""


def warning_of(misfit: str, cause: str, has_others: bool) -> str:
    """Returns what a download says about a row that succeeded. Blank if nothing is wrong with it."""
    parts = [misfit or WARNINGS.get(cause, ""), SEVERAL if has_others else ""]
    return " ".join(part for part in parts if part)
