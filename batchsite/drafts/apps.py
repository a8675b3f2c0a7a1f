from __future__ import annotations

from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "batchsite.drafts"

    def ready(self) -> None:
        from batchsite.batches.signals import batch_starting
        from batchsite.drafts import undo

        batch_starting.connect(undo.on_start, dispatch_uid="drafts")
