"""What people do to several batches of a list at once, and can undo: archive, delete, tag.

Each batch is changed in a short transaction of its own. One that cannot be changed is named; the others are changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from batchsite.batches.models import Batch, Tagging
from batchsite.batches.queries import batches_of
from batchsite.batches.tags import MOST
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch
from batchsite.datasets import dataset_removal
from batchsite.datasets.dataset_removal import UNDO
from batchsite.submission import actions
from batchsite.submission.actions import NotNow
from batchsite.teams.models import Team, User


@dataclass
class ListOutcome:
    """To which batches it was done, and why not to others."""

    done: list[int] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(name of the batch, reason)."""


def archive(team: Team, pks: Iterable[int], user: User) -> ListOutcome:
    """Hides batches that do not run from lists. Nothing is removed."""

    def put_away(batch: Batch) -> None:
        if batch.is_running:
            raise NotNow("It is still running.")
        _update(batch, user, "archived", "Archived", archived_at=timezone.now())

    return _each(batches_of(team).filter(archived_at=None), pks, put_away)


def unarchive(team: Team, pks: Iterable[int], user: User) -> ListOutcome:
    """Shows archived batches in lists again."""
    archived = batches_of(team).exclude(archived_at=None)
    return _each(archived, pks, lambda batch: _update(batch, user, "archived", "Back in the list", archived_at=None))


def delete(team: Team, pks: Iterable[int], user: User) -> ListOutcome:
    """Deletes batches that do not run; `restore` brings them back for a while."""
    return _each(batches_of(team), pks, lambda batch: actions.delete(batch, user))


def restore(team: Team, pks: Iterable[int], user: User) -> ListOutcome:
    """Brings deleted batches back, with the datasets that were deleted after them, as long as nothing was removed."""

    def bring_back(batch: Batch) -> None:
        if batch.deleted_at is None or batch.deleted_at <= timezone.now() - UNDO:
            raise NotNow("It was deleted too long ago.")
        dataset_removal.restore(batch.dataset)
        _update(batch, user, "restored", "Restored", deleted_at=None)

    return _each(Batch.objects.filter(team=team).exclude(deleted_at=None), pks, bring_back)


def tag(team: Team, pks: Iterable[int], word: str, user: User) -> ListOutcome:
    """Adds a tag to batches that do not have it."""

    def add(batch: Batch) -> None:
        if len(batch.tags) >= MOST:
            raise NotNow(f"It has {MOST} tags already.")
        _update(batch, user, "noted", f"Tagged “{word}”", tags=[*batch.tags, word])
        Tagging.objects.create(team_id=batch.team_id, batch=batch, tag=word)

    tagged = Tagging.objects.filter(team=team, tag=word).values("batch")
    return _each(batches_of(team).exclude(pk__in=tagged), pks, add)


def untag(team: Team, pks: Iterable[int], word: str, user: User) -> ListOutcome:
    """Takes a tag from batches."""

    def take(batch: Batch) -> None:
        _update(batch, user, "noted", f"Tag “{word}” removed", tags=[tag for tag in batch.tags if tag != word])
        Tagging.objects.filter(batch=batch, tag=word).delete()

    return _each(batches_of(team).filter(taggings__tag=word), pks, take)


def _each(batches: QuerySet[Batch], pks: Iterable[int], action: Callable[[Batch], None]) -> ListOutcome:
    outcome = ListOutcome()
    for pk in pks:
        with transaction.atomic():
            if not batches.filter(pk=pk).exists():
                continue
            batch = lock_batch(pk)
            try:
                action(batch)
            except NotNow as error:
                outcome.refused.append((batch.name, str(error)))
            else:
                outcome.done.append(pk)
    return outcome


def _update(batch: Batch, user: User, kind: str, words: str, **values: object) -> None:
    Batch.objects.filter(pk=batch.pk).update(**values)
    note(batch.pk, kind, words, by=user)
