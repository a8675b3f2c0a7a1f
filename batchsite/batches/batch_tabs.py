"""The pages of a batch, each with its own address."""

from __future__ import annotations

from django.urls import reverse

from batchsite.batches.models import Batch

TABS = {
    "results": ("batch", "Results"),
    "insights": ("batch-insights", "Insights"),
    "activity": ("batch-activity", "Activity"),
    "prompt": ("batch-prompt", "Prompt"),
}
"""{tab: (name of its address, label)}."""
PICTURES = ("pictures", "Pictures", "batch-pictures")
"""Only of a batch that makes some."""


def tabs_of(batch: Batch) -> list[tuple[str, str, str]]:
    """Returns (name, label, address) of the tabs in their order."""
    tabs = [(name, label, reverse(address, args=[batch.pk])) for name, (address, label) in TABS.items()]
    name, label, address = PICTURES
    pictures = [(name, label, reverse(address, args=[batch.pk]))] if batch.makes_pictures else []
    return [*tabs[:1], *pictures, *tabs[1:]]
