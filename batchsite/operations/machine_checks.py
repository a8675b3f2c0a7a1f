"""The machine: the system checks, free disk space, whether the supervisor runs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks

from batchsite.operations.file_sizes import bytes_below, bytes_of
from batchsite.operations.findings import Finding, ok, problem, size, warning

TIGHT, TOO_TIGHT = 1_000_000_000, 200_000_000
"""Free bytes below which the doctor warns, and below which work is about to stop."""
PROBE = 100_000


def examine_settings() -> Iterator[Finding]:
    """The messages of `manage.py check`."""
    complaints = [message for message in checks.run_checks() if not message.is_silenced()]
    for message in complaints:
        level = problem if message.level >= checks.ERROR else warning
        yield level("settings", f"{message.msg} ({message.id})", message.hint or "See docs/configuration.md.")
    if not complaints:
        yield ok("settings", "No problems found.")


def examine_disk() -> Iterator[Finding]:
    data = Path(settings.DATA)
    free = shutil.disk_usage(data).free
    says = f"{size(free)} free in {data}: {_parts(data)}."
    advice = "Make room: delete old batches and datasets in the pages, remove old backups, or move BATCHSITE_DATA."
    if not _can_write(data / "run" / ".doctor"):
        yield problem("disk", f"Nothing can be written: the disk is full. {says}", advice)
    elif free < TOO_TIGHT:
        yield problem("disk", f"Almost full. {says}", advice)
    elif free < TIGHT:
        yield warning("disk", f"Disk space is running low. {says}", advice)
    else:
        yield ok("disk", says)


def _parts(data: Path) -> str:
    parts = {name: bytes_below(data / name) for name in ("uploads", "log", "sandbox")}
    database = bytes_of(data.glob("db.sqlite3*"))
    named = [f"database {size(database)}"] if database else []
    return ", ".join([*named, *(f"{name} {size(count)}" for name, count in parts.items() if count)]) or "empty"


def _can_write(probe: Path) -> bool:
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * PROBE)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True


def examine_processes() -> Iterator[Finding]:
    """Whether `manage.py up` runs on this data folder, on this machine."""
    try:
        facts = json.loads((Path(settings.DATA) / "run" / "supervisor.lock").read_text())
        pid, address = int(facts["pid"]), str(facts["address"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        yield warning("processes", "No `manage.py up` runs on this data folder.", "Start it: make run")
    else:
        yield ok("processes", f"`manage.py up` runs as process {pid}, at {address}.")
