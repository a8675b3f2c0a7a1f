"""Has every batch that ends counted and sorted by workers."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "batchsite.results"
    label = "review"  # the label under which its tables were created

    def ready(self) -> None:
        from batchsite.batches.signals import batch_ended
        from batchsite.results import order_steps, summaries

        def ended(batch: Any, **_: Any) -> None:
            summaries.on_end(batch)
            order_steps.on_end(batch)

        batch_ended.connect(ended, weak=False, dispatch_uid="count ended batches")
