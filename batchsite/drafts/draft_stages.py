"""The bar above a draft: data, prompt, try, review, submit; which are done, and where one is."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.drafts.draft_store import Problems
from batchsite.pricing.rates import lesson_of

OF_THE_DATA = frozenset(("dataset", "row_limit", "ranges", "value_search"))
"""Fields whose problems are about the data; the rest are about the prompt and what belongs to it."""
NOT_OF_THE_PROMPT = OF_THE_DATA | {"", "name"}


@dataclass(frozen=True)
class Stage:
    """One entry of the bar."""

    title: str
    url: str
    """Empty if there is no page to go to yet."""
    is_done: bool
    is_current: bool


def stages_of(batch: Batch, problems: Problems, *, reviewing: bool = False) -> list[Stage]:
    """Returns the entries of the bar, on the page of the draft or on its review."""
    page = reverse("batch-edit", args=[batch.pk])
    done = {
        "Data": not OF_THE_DATA & problems.keys(),
        "Prompt": not problems.keys() - NOT_OF_THE_PROMPT,
        "Try": lesson_of(batch).answers > 0,
        "Review": False,
        "Submit": False,
    }
    anchors = {"Data": "#data-step", "Prompt": "#prompt-step", "Try": "#try-place"}
    current = "Review" if reviewing else next(title for title, is_done in done.items() if not is_done)
    return [
        Stage(title, f"{page}{anchors[title]}" if title in anchors else "", is_done, title == current)
        for title, is_done in done.items()
    ]
