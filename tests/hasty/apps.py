"""Shortens what is no setting, and lets the processes of a worker say which one they are."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from datetime import timedelta
from multiprocessing import util
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings

LEASE = timedelta(seconds=10)
"""Longer than a call."""
RESEND = timedelta(seconds=5)
RETRY_FULL_DISK = timedelta(seconds=3)


class HastyConfig(AppConfig):
    name = "tests.hasty"

    def ready(self) -> None:
        from batchsite.datasets import importer
        from batchsite.processes import leases, queue

        if not getattr(settings, "PATIENT", False):
            importer.RETRY_FULL_DISK = RETRY_FULL_DISK
            leases.LEASE = LEASE
            queue.RESEND = RESEND
        if "Q_CLUSTER_NAME" in os.environ:
            _tell_roles(self)


def _tell_roles(app: AppConfig) -> None:
    """A file per process of a cluster, so that whoever kills knows whom."""
    from django_q.signals import post_execute_in_worker, pre_execute

    util.register_after_fork(app, lambda _: _note(_target()))

    def begun(task: dict[str, Any], **_: Any) -> None:
        if not str(task["func"]).startswith("batchsite.processes"):  # beats are no work
            _note("worker busy")

    def ended(**_: Any) -> None:
        _note("worker idle")

    pre_execute.connect(begun, weak=False)
    post_execute_in_worker.connect(ended, weak=False)


def _target() -> str:
    target = getattr(multiprocessing.current_process(), "_target", None)
    name = str(getattr(target, "__name__", "")).lower()
    return "worker idle" if name == "worker" else name


def _note(role: str) -> None:
    with contextlib.suppress(OSError):
        folder = Path(settings.DATA) / "run" / "roles"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / str(os.getpid())).write_text(role)
