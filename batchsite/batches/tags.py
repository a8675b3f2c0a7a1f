"""Notes and tags that people write on a batch. The list of batches is filtered by tags."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from batchsite.batches.models import LONGEST_TAG, Tagging
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch
from batchsite.teams.models import Team, User

MOST = 20


def tags_in(text: str) -> list[str]:
    """Returns the tags of a line, separated by commas: in lower case, without repeats."""
    words = (" ".join(word.split()).lower().lstrip("#")[:LONGEST_TAG].strip() for word in text.split(","))
    return [*dict.fromkeys(word for word in words if word)][:MOST]


def tags_of(team: Team) -> list[str]:
    """Returns the tags that the team uses, in alphabetical order."""
    used = Tagging.objects.filter(team=team, batch__deleted_at=None)
    return list(used.order_by("tag").values_list("tag", flat=True).distinct()[:200])


def annotate(batch_id: int, notes: str, tags: Iterable[str], user: User | None) -> None:
    """Store notes and tags, and record in the timeline who changed them."""
    tags = [*tags]
    with transaction.atomic():
        batch = lock_batch(batch_id)
        if (batch.notes, batch.tags) == (notes, tags):
            return
        what = "Notes" if batch.tags == tags else "Tags" if batch.notes == notes else "Notes and tags"
        batch.notes, batch.tags = notes, tags
        batch.save(update_fields=["notes", "tags"])
        Tagging.objects.filter(batch=batch).delete()
        Tagging.objects.bulk_create([Tagging(team_id=batch.team_id, batch=batch, tag=tag) for tag in tags])
        note(batch.pk, "noted", f"{what} changed", by=user)
