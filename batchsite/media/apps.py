"""Has the files of every archive inspected once its table is imported."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class MediaConfig(AppConfig):
    name = "batchsite.media"

    def ready(self) -> None:
        from batchsite.datasets.signals import dataset_ready
        from batchsite.media.file_index import begin

        def imported(dataset: Any, **_: Any) -> None:
            begin(dataset)

        dataset_ready.connect(imported, weak=False, dispatch_uid="look at the files of archives")
