"""`manage.py worker`: the cluster of one queue. `manage.py up` runs one for each."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from batchsite.processes import gc_tuning
from batchsite.processes.cluster import run_cluster


class Command(BaseCommand):
    help = "Work for the queue that Q_CLUSTER_NAME names (the short one if unset). SIGTERM finishes what is running."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        gc_tuning.freeze()
        run_cluster()
