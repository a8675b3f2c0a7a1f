"""The pages of a batch, each with its own address."""

from __future__ import annotations

from django.urls import reverse

from batchsite.batches.models import Batch

PICTURES = "pictures"
"""The tab of pictures, which only batches that make pictures have."""
TABS = {
    "results": ("batch", "Results"),
    PICTURES: ("batch-pictures", "Pictures"),
    "insights": ("batch-insights", "Insights"),
    "activity": ("batch-activity", "Activity"),
    "prompt": ("batch-prompt", "Prompt"),
}
"""{tab: (name of its address, label)}."""


def tabs_of(batch: Batch) -> list[tuple[str, str, str]]:
    """Returns (name, label, address) of the tabs in their order."""
    return [
        (name, "Videos" if name == PICTURES and batch.makes_videos else label, reverse(address, args=[batch.pk]))
        for name, (address, label) in TABS.items()
        if name != PICTURES or batch.makes_media
    ]
