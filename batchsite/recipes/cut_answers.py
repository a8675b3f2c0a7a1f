"""The words for an answer that ended at a token limit, in xAI's and its kin's finish reasons. Pure."""

from __future__ import annotations

import re

_CUT = frozenset(
    {"length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_length", "model_length", "max_len"}
    | {"max_context", "model_context_window_exceeded", "context_length_exceeded", "context_length", "token_limit"}
    | {"incomplete", "time_limit"}
)
_PREFIX = re.compile(r"(?:finish[ _]?)?reason[ _]")


def is_cut_off(finish_reason: str) -> bool:
    """Whether an answer with this finish reason ended at a token limit."""
    return plain_reason(finish_reason) in _CUT


def plain_reason(finish_reason: str) -> str:
    """A reason as chat completions write it: REASON_MAX_LEN of xAI's gRPC, FINISH_REASON_… of others."""
    return _PREFIX.sub("", finish_reason.strip().lower(), count=1)
