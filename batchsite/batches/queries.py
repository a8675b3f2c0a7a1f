"""Queries that pages share. Each starts from a team."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Expression, F, Q, QuerySet
from django.shortcuts import get_object_or_404

from batchsite.batches.models import Batch
from batchsite.batches.states import RUNNING, State
from batchsite.teams.models import ProviderKey, Team


class Word(Expression):
    """A constant that becomes part of the SQL text.

    SQLite uses a partial index only if the query repeats its condition word for word; bound parameters do not count.
    """

    def __init__(self, word: str) -> None:
        super().__init__(output_field=CharField())
        self.word = word

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return "'" + self.word.replace("'", "''") + "'", ()


IS_RUNNING = Q(state__in=[Word(state) for state in sorted(RUNNING)])
"""In the order of the index, see `Word`."""
HELD = IS_RUNNING & ~Q(held_reason="")
SENT_BACK = Q(state=State.DRAFT, problem_count__gt=0)
_SHORT = Q(state=State.COMPLETED, succeeded__lt=F("total") - F("skipped") + F("no_answer") + F("declined"))
INCOMPLETE = Q(state__in=[State.FAILED, State.EXPIRED]) | _SHORT


def batches_of(team: Team) -> QuerySet[Batch]:
    """Returns the batches of a team that are not deleted."""
    return Batch.objects.filter(team=team, deleted_at=None)


_SHOWN_OF_A_BATCH = (
    *("name", "state", "held_reason", "failure", "tags", "problem_count", "cost_ticks", "misfits", "total"),
    *("no_answer", "truncated", "declined", "several"),
    *("succeeded", "failed", "cancelled", "missing", "skipped", "created_at", "started_at", "ended_at", "team"),
    *("archived_at", "first_result_at", "remove_at"),
    *("dataset__name", "created_by__name", "created_by__email", "started_by__name", "started_by__email"),
)


def in_lists(team: Team) -> QuerySet[Batch]:
    """Returns the team's batches, archived ones too, with only the columns that a line of a list shows."""
    return batches_of(team).select_related("dataset", "created_by", "started_by").only(*_SHOWN_OF_A_BATCH)


_NOT_READ = {"_state", "sort_key"}
"""Of a batch in a list: what Django and the order of the list put there."""


def figures_of(batches: Iterable[Batch]) -> list[tuple[Any, ...]]:
    """All that was read of these batches, for `http.fingerprint_of`."""
    return [
        (*[value for name, value in vars(batch).items() if name not in _NOT_READ],
         batch.dataset.name, str(batch.created_by), str(batch.started_by))
        for batch in batches
    ]  # fmt: skip


def batch_of(team: Team, pk: int) -> Batch:
    """Returns one batch of the team. Raises Http404."""
    found = batches_of(team).select_related("dataset", "created_by", "started_by", "team", "key")
    return get_object_or_404(found, pk=pk)


def running_under(key: ProviderKey) -> int:
    """Returns how many running batches use that key."""
    return Batch.objects.filter(IS_RUNNING, key=key, deleted_at=None).count()


def running_count(team: Team) -> int:
    return batches_of(team).filter(IS_RUNNING).count()
