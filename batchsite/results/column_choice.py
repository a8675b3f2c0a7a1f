"""Which columns of the results a person looks at, and how wide: remembered by dataset and kind of answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from batchsite.batches.models import Batch
from batchsite.results import answer_fields
from batchsite.results.models import ColumnChoice
from batchsite.results.table_columns import WIDTHS
from batchsite.teams.models import User

MOST_COLUMNS = 200


def choice_of(user: User, batch: Batch) -> ColumnChoice:
    """Returns the choice that holds for a batch, unsaved if none was made."""
    known: dict[str, Any] = {"user": user, "dataset_id": batch.dataset_id, "fields": _digest(batch)}
    return ColumnChoice.objects.filter(**known).first() or ColumnChoice(**known)


def choose(user: User, batch: Batch, columns: Sequence[str], widths: Mapping[str, str]) -> None:
    """Remembers columns and widths; the usual ones again if there are none."""
    known: dict[str, Any] = {"user": user, "dataset_id": batch.dataset_id, "fields": _digest(batch)}
    if not columns:
        ColumnChoice.objects.filter(**known).delete()
        return
    values = {
        "columns": [*columns][:MOST_COLUMNS],
        "widths": {key: width for key, width in widths.items() if key in columns and width in WIDTHS},
    }
    ColumnChoice.objects.update_or_create(defaults=values, **known)


def _digest(batch: Batch) -> str:
    names = "\0".join(answer_fields.field_names(batch))
    return hashlib.sha256(names.encode()).hexdigest()
