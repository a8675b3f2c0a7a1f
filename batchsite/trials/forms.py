"""What people type about a trial. All of it is kept with the draft, valid or not."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.http import clean_text, whole_number
from batchsite.teams.accounts import keys_of
from batchsite.teams.key_choice import PayingKeyForm
from batchsite.teams.models import Team
from batchsite.trials.models import Trial
from batchsite.trials.trial_rows import DEFAULT_ROWS, HOWS, MOST_ROWS, RowChoice
from batchsite.trials.trial_start import MOST_FURTHER, variants_of

LONGEST_MODEL = 100
FORM = "try-form"
"""The id of the form that the controls of the panel belong to."""


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


def key_form(team: Team, data: QueryDict, last: Trial | None) -> PayingKeyForm:
    """Returns which key pays for a try: as typed, else the one that paid for the last one while the team has it."""
    typed: Any = data if "key" in data else None
    if typed is None and last and last.key_id and keys_of(team).filter(pk=last.key_id).exists():
        typed = {"key": str(last.key_id)}
    return PayingKeyForm(team, typed, form_id=FORM)
