"""`manage.py up`: everything that batchsite needs on this machine, in one command."""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from batchsite.processes import plan, starting
from batchsite.processes.children import Child
from batchsite.processes.parentage import end_marked
from batchsite.processes.readiness import Readiness
from batchsite.processes.supervisor import Supervisor
from batchsite.processes.terminal import Terminal, short_path


class Command(BaseCommand):
    help = "Start web, workers, ticker and, without a key, the sandbox; Ctrl-C stops them all."

    def handle(self, *args: Any, **options: Any) -> None:
        data = Path(settings.DATA)
        (data / "log").mkdir(mode=0o700, exist_ok=True)
        try:
            _up(data, Terminal(data / "log" / "supervisor.log"))
        except starting.CannotStart as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be prepared: {error}") from error
        except OSError as error:
            raise CommandError(f"Cannot write to the data folder {data}: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before it had started.", returncode=130) from None


def _up(data: Path, terminal: Terminal) -> None:
    lock = starting.Lock(data / "run" / "supervisor.lock")
    before = lock.take()
    if "mark" in before:
        end_marked(before["mark"])  # what outlived a killed supervisor, and may hold the port
    listener = starting.listen(settings.OPTIONS.bind, settings.OPTIONS.port)
    host, port = starting.reachable(listener)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    mark = secrets.token_hex(8)
    lock.write(pid=os.getpid(), mark=mark, address=address)
    starting.prepare("Preparing the database and the static files …", terminal.say)
    _supervise(data, terminal, listener, mark, address)


def _supervise(data: Path, terminal: Terminal, listener: socket.socket, mark: str, address: str) -> None:
    https = not starting.is_loopback(settings.OPTIONS.bind)
    os.environ.pop("Q_CLUSTER_NAME", None)  # each worker is given its own
    common = plan.environment(mark, https=https)
    children = [Child(spec, data) for spec in plan.specs(listener, common)]
    watches = plan.watches(children, time.monotonic())
    readiness = Readiness(starting.reachable(listener))
    Supervisor(children, watches, readiness, _welcome(data, address), terminal, data / "run").run()


def _welcome(data: Path, address: str) -> list[str]:
    if settings.OPTIONS.xai_api_key:
        provider = f"Requests go to {settings.OPTIONS.xai_api_base}, paid by the key in XAI_API_KEY."
    else:
        provider = "No XAI_API_KEY is set: a sandbox on this machine answers instead of xAI. Nothing is paid."
    return [
        f"batchsite is ready: {address}",
        provider,
        f"Data and logs are in {short_path(data)}. Ctrl-C stops everything.",
    ]
