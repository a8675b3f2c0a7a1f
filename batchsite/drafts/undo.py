"""Taking back the last fill of a draft. What was there belongs to the draft, not to somebody's session."""

from __future__ import annotations

from typing import Any

from batchsite.batches.models import Batch
from batchsite.drafts.models import Undo
from batchsite.prompts.library import Contents

MOST_OF_A_TEAM = 50
"""Drafts of a team whose last fill can be undone; the latest."""


def remember(batch: Batch, contents: Contents) -> None:
    """Stores the draft's contents before a fill, replacing what was stored before. Forgets the team's oldest drafts."""
    Undo.objects.filter(batch=batch).delete()
    Undo.objects.create(batch=batch, contents=vars(contents))
    latest = Undo.objects.filter(batch__team=batch.team_id).order_by("-made_at")
    surplus = list(latest.values_list("pk", flat=True)[MOST_OF_A_TEAM : 2 * MOST_OF_A_TEAM])
    Undo.objects.filter(pk__in=surplus).delete()


def forget(batch: Batch) -> None:
    Undo.objects.filter(batch=batch).delete()


def is_possible(batch: Batch) -> bool:
    return Undo.objects.filter(batch=batch).exists()


def before(batch: Batch) -> Contents | None:
    """What the draft was before it was filled. None if there is nothing to undo."""
    contents = Undo.objects.filter(batch=batch).values_list("contents", flat=True).first()
    return None if contents is None else Contents(**contents)


def on_start(batch: Batch, **_: Any) -> None:
    """A draft was submitted: it can no longer be filled."""
    forget(batch)
