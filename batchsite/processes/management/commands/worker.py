"""`manage.py worker`: the cluster of one queue. `manage.py up` runs one for each queue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from batchsite.processes import gc_tuning
from batchsite.processes.cluster import run_cluster


class Command(BaseCommand):
    help = "Run the tasks of the queue that Q_CLUSTER_NAME names (default: short). SIGTERM lets running tasks finish."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        gc_tuning.freeze()
        run_cluster()
