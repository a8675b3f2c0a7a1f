from __future__ import annotations

from django.apps import AppConfig


class EntryConfig(AppConfig):
    name = "batchsite.entry"

    def ready(self) -> None:
        from batchsite.entry import receivers  # noqa: F401
