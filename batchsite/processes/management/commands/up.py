"""`manage.py up`: everything that batchsite needs on this machine, in one command.

This half prepares, with all of Django in memory. Then the process becomes the supervisor (supervisor_main.py), which
is a third of the size and needs no database. It keeps its process id, its lock and its listening socket.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from batchsite.options import is_loopback
from batchsite.processes.listener import CannotListen, address, listen
from batchsite.processes.outages import AWAY, LOCKED, outage_of
from batchsite.processes.parentage import MARK, end_marked
from batchsite.processes.startup import AlreadyRunning, Lock, prepare
from batchsite.processes.supervisor import STOP_SIGNALS
from batchsite.processes.terminal import Terminal
from batchsite.setup import setup_code

LONGEST_WAIT = 60.0
"""Seconds that a start waits for a database that is busy or away."""


class Command(BaseCommand):
    help = "Start web, workers, ticker and, without a key, the sandbox; Ctrl-C stops them all."
    requires_system_checks = []  # they run in handle(), where Ctrl-C is answered with a sentence

    def handle(self, *args: Any, **options: Any) -> None:
        data = Path(settings.DATA)
        try:
            self.check()
            os.umask(0o077)  # whatever a child creates is for this user only
            (data / "log").mkdir(mode=0o700, exist_ok=True)
            _up(data)
        except (AlreadyRunning, CannotListen) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be prepared: {error}") from error
        except OSError as error:
            raise CommandError(f"Cannot write to the data folder {data}: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before it had started.", returncode=130) from None


def _up(data: Path) -> None:
    lock = Lock(data / "run" / "supervisor.lock")
    last_holder = lock.take()
    if "mark" in last_holder:
        end_marked(last_holder["mark"])  # processes that outlived a killed supervisor and may hold the port
    listener = listen(settings.OPTIONS.bind, settings.OPTIONS.port)
    mark = secrets.token_hex(8)
    lock.write(pid=os.getpid(), mark=mark, address=address(listener))
    terminal = Terminal(data / "log")
    _prepare(terminal)
    _show_setup_code(terminal)
    _become_supervisor(mark, lock.fileno(), listener.fileno())


def _prepare(terminal: Terminal) -> None:
    """Prepares the database, and waits for it while it is busy or not up yet, as after a restart of the machine."""
    deadline, last_words = time.monotonic() + LONGEST_WAIT, ""
    while True:
        try:
            return prepare(lambda: terminal.say("Preparing the database and the static files …"))
        except DatabaseError as error:
            words = f"{outage_of(error)}: {str(error).strip()}"
            if outage_of(error) not in {LOCKED, AWAY} or time.monotonic() > deadline:
                raise
        if words != last_words:
            terminal.say(f"{words}. Waiting; Ctrl-C stops.", "warning")
        last_words = words
        time.sleep(1)


def _show_setup_code(terminal: Terminal) -> None:
    """Only shown, not logged: whoever has it may create the first account."""
    if settings.OPTIONS.is_reachable and not get_user_model()._default_manager.exists():
        terminal.show(f"The first visit asks for this code: {setup_code(settings.SECRET_KEY)}")
    connections.close_all()


def _become_supervisor(mark: str, *descriptors: int) -> None:
    os.environ[MARK] = mark
    os.environ.pop("Q_CLUSTER_NAME", None)  # each worker gets its own
    if is_loopback(settings.OPTIONS.bind) and not os.environ.get("BATCHSITE_HTTPS", "").strip():
        os.environ["BATCHSITE_HTTPS"] = "0"
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # they wait until the supervisor can handle them
    os.execv(sys.executable, [sys.executable, "-m", "batchsite.processes.supervisor_main", *map(str, descriptors)])  # noqa: S606
