"""Has every batch that ends counted and sorted by workers, and copies judged as their originals were."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "batchsite.results"
    label = "review"  # the label under which its tables were created

    def ready(self) -> None:
        from batchsite.batches.signals import batch_ended, copies_given
        from batchsite.results import judgements, order_steps, summaries

        def ended(batch: Any, **_: Any) -> None:
            summaries.on_end(batch)
            order_steps.on_end(batch)

        def given(batch_id: int, copies: dict[int, int], **_: Any) -> None:
            judgements.carry(batch_id, copies)

        copies_given.connect(given, weak=False, dispatch_uid="judge copies as their originals")
        batch_ended.connect(ended, weak=False, dispatch_uid="count ended batches")
