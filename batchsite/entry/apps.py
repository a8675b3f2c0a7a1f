from __future__ import annotations

from django.apps import AppConfig


class EntryConfig(AppConfig):
    name = "batchsite.entry"

    def ready(self) -> None:
        from batchsite.entry import option_checks, receivers  # noqa: F401
