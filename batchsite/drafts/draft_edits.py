"""Edits of a draft, numbered: two people, or two tabs, never overwrite each other without being told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import F, Q
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.drafts.models import Edit
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import User

LABELS = {
    "prompt": "Prompt",
    "system_prompt": "System prompt",
    "examples": "Examples",
    "shape": "Answer format",
    "model": "Model",
    "params": "Parameters",
    "tools": "Tools",
    "name": "Batch name",
    "row_limit": "Rows",
    "ranges": "Row numbers",
    "skip_empty": "Skip rows with empty values",
    "repeats": "Rows that repeat",
    "picture_column": "Pictures from",
    "picture_detail": "Detail of pictures",
    "document_form": "How PDFs are sent",
    "history_column": "Earlier turns from",
    "id_column": "Request id",
    "runs_live": "Runs live",
    "auto_retries": "Automatic retries",
    "deadline_hours": "Deadline, in hours",
}
"""What people edit on the page of a draft, and what it is called there. Other changes are no edits."""


@dataclass(frozen=True)
class Basis:
    """What an open page knew when something was typed into it."""

    number: int | None = None
    """The last edit that it shows. None if the change stands whatever the draft is by now."""
    tab: str = ""
    by: User | None = None


class ChangedMeanwhile(RuntimeError):
    """Another page saved something else since; nothing was saved."""

    def __init__(self, stored: Batch, names: Sequence[str]) -> None:
        super().__init__(f"“{stored.name}” was changed on another page.")
        self.stored = stored
        """The draft as it is now."""
        self.names = names
        """The fields that differ from what was typed."""


def number_of(batch: Batch) -> int:
    """Returns the number of the last edit; 0 if there is none."""
    return Edit.objects.filter(batch=batch).values_list("number", flat=True).first() or 0


def last_of(batch: Batch) -> Edit | None:
    return Edit.objects.filter(batch=batch).select_related("by").first()


def is_edit(batch: Batch, values: Mapping[str, Any]) -> bool:
    """Returns whether the values change something that people edit."""
    return any(name in LABELS and getattr(batch, name) != value for name, value in values.items())


def follow(batch: Batch, basis: Basis) -> bool:
    """Takes the next number. Returns False if another page took one that `basis` does not know about."""
    now = {"number": F("number") + 1, "tab": basis.tab, "by": basis.by, "at": timezone.now()}
    edits = Edit.objects.filter(batch=batch)
    if basis.number is not None:
        known = Q(number=basis.number)
        edits = edits.filter(known | Q(tab=basis.tab) if basis.tab else known)
    if edits.update(**now):
        return True
    first, is_new = Edit.objects.get_or_create(batch=batch, defaults={**now, "number": 1})
    return is_new or (basis.number is None and bool(Edit.objects.filter(pk=first.pk).update(**now)))


@dataclass(frozen=True)
class Difference:
    """One field of which two versions exist."""

    label: str
    stored: str
    typed: str


def differences(change: ChangedMeanwhile, typed: Mapping[str, Any]) -> list[Difference]:
    """Returns both versions of what differs, as texts."""
    return [
        Difference(LABELS[name], _as_text(name, getattr(change.stored, name)), _as_text(name, typed[name]))
        for name in change.names
    ]


def _as_text(name: str, value: Any) -> str:
    if name == "ranges":
        return str(RowSet(value or ()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if value else ""
    return "" if value is None else str(value)
