"""The states of a batch and of its submissions: label, colour, and what may follow. The only such table."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models


class State(models.TextChoices):
    """The state of a batch. A submission (one batch at xAI) has the same states, from queued on."""

    DRAFT = "draft", "Draft"
    QUEUED = "queued", "Queued"
    SUBMITTING = "submitting", "Submitting"
    PROCESSING = "processing", "Processing"
    COLLECTING = "collecting", "Collecting"
    CANCELLING = "cancelling", "Cancelling"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"
    FAILED = "failed", "Failed"


@dataclass(frozen=True)
class StateRule:
    """`tone` is a class of the stylesheet: live, good, warn, bad or empty for neutral."""

    tone: str
    terminal: bool
    next: frozenset[State]


def _rule(tone: str, *follows: State, terminal: bool = False) -> StateRule:
    return StateRule(tone, terminal, frozenset(follows))


S = State
# A terminal batch opens again when rows are retried: that is what leads from the end back to "queued".
# A queued batch whose rows cannot all be sent goes back to its draft, before anything was sent.
RULES: dict[State, StateRule] = {
    S.DRAFT: _rule("", S.QUEUED),
    S.QUEUED: _rule("live", S.DRAFT, S.SUBMITTING, S.COMPLETED, S.CANCELLING, S.CANCELLED, S.FAILED),
    S.SUBMITTING: _rule("live", S.QUEUED, S.PROCESSING, S.CANCELLING, S.CANCELLED, S.FAILED),
    S.PROCESSING: _rule("live", S.SUBMITTING, S.COLLECTING, S.CANCELLING, S.CANCELLED, S.EXPIRED, S.FAILED),
    S.COLLECTING: _rule(
        "live", S.SUBMITTING, S.PROCESSING, S.COMPLETED, S.CANCELLING, S.CANCELLED, S.EXPIRED, S.FAILED
    ),
    S.CANCELLING: _rule("warn", S.COLLECTING, S.COMPLETED, S.CANCELLED, S.EXPIRED, S.FAILED),
    S.COMPLETED: _rule("good", S.QUEUED, terminal=True),
    S.CANCELLED: _rule("", S.QUEUED, terminal=True),
    S.EXPIRED: _rule("warn", S.QUEUED, terminal=True),
    S.FAILED: _rule("bad", S.QUEUED, terminal=True),
}

INCOMPLETE = "incomplete"
"""How a batch completed if rows have no answer. Not a state of its own."""
TERMINAL = frozenset(state for state, rule in RULES.items() if rule.terminal)
RUNNING = frozenset(RULES) - TERMINAL - {S.DRAFT}


def may_follow(before: str, after: str) -> bool:
    """Whether `before` may change to `after`, or is the same."""
    return before == after or State(after) in RULES[State(before)].next


class HeldFor(models.TextChoices):
    """What a held batch waits for. The code decides what is offered; a sentence beside it says it to people."""

    CREDITS = "credits"
    KEY = "key"
    """A key that works, and is of the xAI team that made the batch."""
    NETWORK = "network"
    BUDGET = "budget"
    CAP = "cap"
    """A person's word that it may cost more than its spending cap."""
    RESTORE = "restore"
    """A person's word that rows are still wanted, after a restore."""
    LOST = "lost"
    """A person's word that rows may go on being asked live although replies keep getting lost."""
    OTHER = "other"


UNREACHABLE = frozenset({HeldFor.KEY, HeldFor.NETWORK})
"""What is held for these is at xAI, which cannot be asked about it."""


class RowState(models.TextChoices):
    """The outcome of a row. A row without a Result is pending; `PENDING` is stored only while it is tried again."""

    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    MISSING = "missing", "Missing"
    SKIPPED = "skipped", "Skipped"


ROW_TONES = {
    RowState.PENDING: "",
    RowState.SUCCEEDED: "good",
    RowState.FAILED: "bad",
    RowState.CANCELLED: "",
    RowState.MISSING: "warn",
    RowState.SKIPPED: "",
}
