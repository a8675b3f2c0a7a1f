"""The room of review listens: the answers of a batch that ended are summed up by a worker."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "batchsite.results"
    label = "review"  # the name under which its tables were made

    def ready(self) -> None:
        from batchsite.batches.signals import batch_ended
        from batchsite.results.summaries import on_end

        def ended(batch: Any, **_: Any) -> None:
            on_end(batch)

        batch_ended.connect(ended, weak=False, dispatch_uid="ended batches are summed up")
