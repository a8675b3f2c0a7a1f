"""The supervisor's output: sentences to the terminal, JSON lines to its own log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from batchsite.processes.log_files import LogFile

SHOWN = {"warning", "error", "critical"}
UNSHOWN = ("django.request", "django.security")
"""Loggers whose warnings are caused by requests (a missing page), not by the state of the installation."""
_NAMES = re.compile(r"Process-[0-9a-f]{32} ?")
"""django-q's process names, which are unique and would defeat `AGAIN`."""
AGAIN = 60.0
"""Seconds before the same line is shown again."""


class Terminal:
    """Never blocks and never raises, even if the terminal is closed, stopped (Ctrl-S) or a file on a full disk."""

    def __init__(self, log_folder: Path) -> None:
        self.log = LogFile(log_folder, "supervisor")
        self._is_tty = sys.stdout.isatty()
        self._shown: dict[str, float] = {}

    def say(self, text: str, level: str = "info") -> None:
        """Shows a sentence of the supervisor and logs it."""
        self.show(text)
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%S"), "level": level, "from": "supervisor", "says": text}
        with contextlib.suppress(OSError), self.log.path.open("a") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")

    def echo(self, name: str, line: bytes) -> None:
        """Shows a line of a child's log if it is a warning or worse."""
        entry = _entry(line)
        level = str(entry.get("level"))
        if level not in SHOWN or (level == "warning" and str(entry.get("from")).startswith(UNSHOWN)):
            return
        lines = [*_NAMES.sub("", str(entry.get("says", ""))).strip().splitlines(), ""]
        text = f"{name}: {level}: {lines[0][:300]}"
        if time.monotonic() - self._shown.get(text, -AGAIN) >= AGAIN:
            self._shown = {**self._shown, text: time.monotonic()} if len(self._shown) < 1000 else {}
            self.show(text)

    def is_gone(self) -> bool:
        """Whether the terminal was closed. SIGHUP does not tell: it goes to make, which does not pass it on."""
        if not self._is_tty or signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            return False
        poller = select.poll()
        poller.register(sys.stdout, 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poller.poll(0))

    def show(self, text: str) -> None:
        """Shows a sentence without logging it."""
        with contextlib.suppress(OSError, ValueError):
            if select.select([], [sys.stdout], [], 0)[1]:
                os.write(sys.stdout.fileno(), f"{text}\n".encode(sys.stdout.encoding, "replace"))


def _entry(line: bytes) -> dict[str, Any]:
    if not line.startswith(b"{"):
        return {}
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def short_path(path: Path) -> str:
    """Relative to the working directory if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
