"""The second half of `manage.py up`, which stays: settings, but no apps and no database."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

from django.conf import settings

from batchsite.options import is_loopback
from batchsite.processes import process_plan
from batchsite.processes.children import Child
from batchsite.processes.listener import address, reachable
from batchsite.processes.readiness import Readiness
from batchsite.processes.supervisor import Supervisor
from batchsite.processes.terminal import Terminal, short_path
from batchsite.processes.watchdog import DatabaseWatch


def main(lock: int, listener: int) -> None:
    """Supervises. Holds the lock and the listening socket, which are passed as descriptors."""
    for descriptor in (lock, listener):
        os.set_inheritable(descriptor, False)
    listening = socket.socket(fileno=listener)
    data = Path(settings.DATA)
    children = [Child(spec, data) for spec in process_plan.specs(listener)]
    now = time.monotonic()
    database = DatabaseWatch(data / "run", now)
    supervisor = Supervisor(
        children=children,
        watches=process_plan.watches(children, database, now),
        database=database,
        readiness=Readiness(reachable(listening)),
        welcome=_welcome(data, address(listening)),
        terminal=Terminal(data / "log"),
        run_folder=data / "run",
    )
    supervisor.run()


def _welcome(data: Path, address: str) -> list[str]:
    if settings.OPTIONS.xai_api_key:
        provider = f"Requests go to {settings.OPTIONS.xai_api_base}, paid by the key in XAI_API_KEY."
    else:
        provider = "No XAI_API_KEY is set: a sandbox on this machine answers instead of xAI. Nothing is paid."
    return [
        f"batchsite is ready: {address}",
        provider,
        *_hints(),
        f"Data and logs are in {short_path(data)}. Ctrl-C stops everything.",
    ]


def _hints() -> list[str]:
    """Advice for somebody who opens the site to a network."""
    if is_loopback(settings.OPTIONS.bind) or not settings.OPTIONS.https:
        return []
    return ["The pages insist on HTTPS: put a proxy in front (docs/operations.md), or set BATCHSITE_HTTPS=0."]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
