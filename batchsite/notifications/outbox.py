"""What people are to be told, stored in the transaction in which it happens: one row, whoever it goes to.

The only text from people in it is a name; never a cell, a prompt or an answer.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.batches.transitions import outcome
from batchsite.notifications.models import Destination, Kind, News
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import Team
from batchsite.timeouts import timeouts

_FAILED = {State.FAILED, State.EXPIRED}


def note_end(batch: Batch) -> None:
    """Writes down that a batch ended. Runs in the transaction in which it ends."""
    code = batch.last_end.outcome
    kind = Kind.FAILED if code in _FAILED else Kind.DONE
    _write(batch.team, kind, f"batch.{code}", _facts(batch) | {"state": code, "outcome": outcome(batch)}, batch)


def note_hold(batch: Batch) -> None:
    """Records that a batch is held. People are told only if it still is after a while: most holds are brief."""
    facts = _facts(batch) | {"state": batch.state, "held_for": batch.held_for}
    _write(batch.team, Kind.HELD, "batch.held", facts, batch, wait=timeouts().held_is_news)


LINES = {"budget_near": "budget.near", "cap_near": "cap.near", "cap_stopped": "cap.stopped"}
"""Kinds of events of the timeline that say that a line of a budget was crossed → the type for programs."""


def note_event(batch_id: int, kind: str) -> None:
    """Writes down that a line of a budget was crossed, if an event is of such a kind."""
    if kind in LINES:
        batch = Batch.objects.select_related("team").get(pk=batch_id)
        _write(batch.team, Kind.LINE, LINES[kind], _facts(batch) | {"state": batch.state, "line": kind}, batch)


def _write(team: Team, kind: Kind, event: str, facts: dict[str, object], batch: Batch, *, wait: float = 0) -> None:
    if _is_anybody_told(team):
        News.objects.create(
            team=team,
            kind=kind,
            event=event,
            facts={**facts, "team": team.name},
            batch=batch,
            person_id=batch.started_by_id,
            next_look_at=timezone.now() + timedelta(seconds=wait),
        )


def _is_anybody_told(team: Team) -> bool:
    theirs = Q(team=team) | Q(person__memberships__team=team)
    return Destination.objects.filter(theirs, paused_at=None).exists()


def _facts(batch: Batch) -> dict[str, object]:
    rows = {name: getattr(batch, name) for name in ("total", "succeeded", "failed", "cancelled", "missing", "skipped")}
    return {
        "batch": batch.pk,
        "name": batch.name,
        "rows": rows | {"without_answer": batch.without_answer},
        "cost_ticks": batch.cost_ticks,
        "simulated": batch.account == AccountKind.SANDBOX,
    }
