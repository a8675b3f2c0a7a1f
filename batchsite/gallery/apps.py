"""Has generated pictures fetched as soon as their addresses are stored: they die within the hour."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "batchsite.gallery"

    def ready(self) -> None:
        from batchsite.batches.signals import pictures_came
        from batchsite.gallery.harvest import begin

        def came(batch: Any, **_: Any) -> None:
            begin(batch)

        pictures_came.connect(came, weak=False, dispatch_uid="fetch generated pictures")
