"""`manage.py tick`: the process that enqueues due work. `manage.py up` runs one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from batchsite.processes.ticker import run_ticker


class Command(BaseCommand):
    help = "Enqueue due work about once a second, until stopped."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        run_ticker()
