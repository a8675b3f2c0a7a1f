"""Everything that a network and a busy provider do to a call, and what the client can tell of it.

The pipeline acts on an `Outcome` and knows no more, so its tests play one fault of each. That every fault has one of
these outcomes is tested with the client (tests/xai/test_faults_by_outcome.py).
"""

from __future__ import annotations

from typing import Any

Fault = dict[str, Any]

LOST_APPLIED: Fault = {"what": "lost_reply", "applied": True}
LOST_NOT_APPLIED: Fault = {"what": "lost_reply", "applied": False}
TIMEOUT_APPLIED: Fault = {"what": "timeout", "seconds": 0.75, "applied": True}
HTML_200: Fault = {"what": "html", "status": 200}
TOO_MANY_WITH_RETRY_AFTER: Fault = {
    "what": "status",
    "status": 429,
    "text": "Too many requests",
    "retry_after": "1",
}
BURST_OF_503: Fault = {"what": "status", "status": 503, "form": "text", "times": 8}

FAULTS: dict[str, Fault] = {
    "reply lost, applied": LOST_APPLIED,
    "reply lost, not applied": LOST_NOT_APPLIED,
    "connection reset, applied": {"what": "lost_reply", "applied": True, "reset": True},
    "time-out, applied": TIMEOUT_APPLIED,
    "time-out, not applied": {**TIMEOUT_APPLIED, "applied": False},
    "reset in the middle": {"what": "reset"},
    "truncated": {"what": "truncate"},
    "truncated, honest length": {"what": "truncate", "honest": True},
    "not JSON, applied": {"what": "not_json", "applied": True},
    "not JSON, not applied": {"what": "not_json", "applied": False},
    "HTML 502": {"what": "html", "status": 502},
    "HTML 200": HTML_200,
    "429": {"what": "status", "status": 429, "text": "Too many requests"},
    "429 with Retry-After": TOO_MANY_WITH_RETRY_AFTER,
    "500 after applying": {"what": "status", "status": 500, "applied": True},
    "a burst of 503": BURST_OF_503,
    "a burst of 529": {"what": "status", "status": 529, "times": 8},
}
WRITES = (
    "reply lost, applied",
    "reply lost, not applied",
    "time-out, applied",
    "429",
    "429 with Retry-After",
    "a burst of 503",
)
"""One fault for each outcome of a call that changes something, once slowly and once several times in a row."""
READS = ("reply lost, applied", "truncated", "429 with Retry-After", "a burst of 503")
"""One for each outcome of a call that only reads, once in the body and several times in a row."""
