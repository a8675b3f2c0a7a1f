"""Has every batch that ends counted by a worker."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "batchsite.results"
    label = "review"  # the label under which its tables were created

    def ready(self) -> None:
        from batchsite.batches.signals import batch_ended
        from batchsite.results.summaries import on_end

        def ended(batch: Any, **_: Any) -> None:
            on_end(batch)

        batch_ended.connect(ended, weak=False, dispatch_uid="count ended batches")
