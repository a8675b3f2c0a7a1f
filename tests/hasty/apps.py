"""Shortens what is no setting: how long a lease lasts, and when a lost message is sent again."""

from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig

LEASE = timedelta(seconds=10)
"""Longer than a call."""
RESEND = timedelta(seconds=5)
RETRY_FULL_DISK = timedelta(seconds=3)


class HastyConfig(AppConfig):
    name = "tests.hasty"

    def ready(self) -> None:
        from batchsite.datasets import intake
        from batchsite.processes import leases, queueing

        intake.RETRY_FULL_DISK = RETRY_FULL_DISK
        leases.LEASE = LEASE
        queueing.RESEND = RESEND
