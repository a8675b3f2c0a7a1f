"""Judgements as columns of a file that is taken home; only where somebody judged."""

from __future__ import annotations

import orjson
from django.db.models import Count, Max

from batchsite.batches.models import Batch
from batchsite.results.answer_fields import WHOLE
from batchsite.results.models import Judgement

COLUMNS = ("judgement", "corrected", "comment")
NOTHING = ("", "", "")


def columns_of(batch: Batch) -> tuple[str, ...]:
    """The names of the columns; none where no row was judged."""
    return COLUMNS if Judgement.objects.filter(batch=batch).exists() else ()


def mark_of(batch: Batch) -> tuple[int, str]:
    """Changes when a judgement does."""
    seen = Judgement.objects.filter(batch=batch).aggregate(count=Count("row"), last=Max("at"))
    return seen["count"], str(seen["last"])


def cells_of(batch: Batch, first: int, last: int) -> dict[int, tuple[str, str, str]]:
    """What was said of rows `first`..`last`. A corrected answer with fields is a JSON object of those that changed."""
    said = Judgement.objects.filter(batch=batch, row__gte=first, row__lte=last)
    return {
        row: (verdict, _text(corrected), comment)
        for row, verdict, corrected, comment in said.values_list("row", "verdict", "corrected", "comment")
    }


def _text(corrected: dict[str, str] | None) -> str:
    if not corrected:
        return ""
    return corrected[WHOLE] if set(corrected) == {WHOLE} else orjson.dumps(corrected).decode()
