"""Judgements as columns of a download, if any row was judged."""

from __future__ import annotations

import orjson
from django.db.models import Count, Max

from batchsite.batches.models import Batch
from batchsite.results.answer_fields import WHOLE
from batchsite.results.models import Judgement

COLUMNS = ("judgement", "corrected", "comment")
NOTHING = ("", "", "")


def columns_of(batch: Batch) -> tuple[str, ...]:
    """Returns the names of the columns. Empty if no row was judged."""
    return COLUMNS if Judgement.objects.filter(batch=batch).exists() else ()


def fingerprint(batch: Batch) -> tuple[int, str]:
    """Changes when a judgement does."""
    totals = Judgement.objects.filter(batch=batch).aggregate(count=Count("row"), last=Max("at"))
    return totals["count"], str(totals["last"])


def cells_of(batch: Batch, first: int, last: int) -> dict[int, tuple[str, str, str]]:
    """Returns {row: cells} of rows `first` to `last`. Corrected fields are a JSON object, a corrected text is text."""
    judgements = Judgement.objects.filter(batch=batch, row__gte=first, row__lte=last)
    return {
        row: (verdict, _text(corrected), comment)
        for row, verdict, corrected, comment in judgements.values_list("row", "verdict", "corrected", "comment")
    }


def _text(corrected: dict[str, str] | None) -> str:
    if not corrected:
        return ""
    return corrected[WHOLE] if set(corrected) == {WHOLE} else orjson.dumps(corrected).decode()
