"""What people type about a trial. All of it is kept with the draft, valid or not."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.http import clean_text, whole_number
from batchsite.trials.trial_rows import DEFAULT_ROWS, HOWS, MOST_ROWS, RowChoice
from batchsite.trials.trial_start import MOST_FURTHER, variants_of

LONGEST_MODEL = 100


def typed_variants(data: QueryDict, batch: Batch) -> list[dict[str, Any]]:
    """Returns the further variants as typed, or those of the draft if the page did not have them."""
    if "variants" not in data:
        return list(batch.variants)
    count = min(MOST_FURTHER, whole_number(data.get("variants")) or 0)
    return [
        {
            "prompt": _lines(data.get(f"prompt-{number}", "")),
            "system_prompt": _lines(data.get(f"system-{number}", "")),
            "model": clean_text(data.get(f"model-{number}"))[:LONGEST_MODEL],
        }
        for number in range(1, count + 1)
    ]


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "�")


def added(batch: Batch) -> list[dict[str, Any]]:
    """Returns the further variants and one more, a copy of the draft's own prompt."""
    own, *further = variants_of(batch)
    return [*further, own][:MOST_FURTHER]


def choice_of(data: QueryDict) -> RowChoice:
    """Returns which rows were asked for."""
    how = data.get("how", "")
    count = whole_number(data.get("count")) or DEFAULT_ROWS
    return RowChoice(how if how in HOWS else "first", min(count, MOST_ROWS + 1), clean_text(data.get("picked"))[:400])
