"""`manage.py tick`: the process that hands out what is due. `manage.py up` runs one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from batchsite.processes.ticker import run_ticker


class Command(BaseCommand):
    help = "Hand out due work about every second, until ended."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        run_ticker()
