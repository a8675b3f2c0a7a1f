from __future__ import annotations

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "batchsite.metrics"

    def ready(self) -> None:
        from django_q.signals import post_execute_in_worker

        from batchsite.metrics.call_counts import write_what_is_due

        post_execute_in_worker.connect(write_what_is_due)
