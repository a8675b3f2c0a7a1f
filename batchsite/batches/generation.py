"""A number that grows before every call that may cost something: it tells when the database was put back.

The database holds the number in a row (`Generation`), the data folder in a file. Whoever is about to send something
adds one to the row, in the transaction that writes the intent down, and after the commit to the file (`advance`).
A database with a lower number than the file was put back to an earlier moment: by a dump, a file, a snapshot or
point-in-time recovery. That is checked before each such call, so it is also noticed while batchsite runs.

Machines that share a database have a data folder each, and the folder of one lags a few seconds behind what another
has sent. So they share the number through Redis as well, which the restore of a database does not touch.

A copy of the whole data folder takes both numbers with it. It is known by an anchor, a file that is written once:
every way to copy a file gives it another inode, or another time of change, which no program can set. A snapshot of
the whole machine takes these along, too, and needs a boot to be used: another boot counts as a copy.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from batchsite.batches.models import Generation, Submission
from batchsite.processes.shared_number import raise_shared_number, shared_number

ROW = 1


class DatabaseWentBack(Exception):
    """The database is older than the data folder: what it calls unsent may have been sent."""


def advance() -> None:
    """Counts a call that may cost something, in the transaction that stores its intent.

    Raises DatabaseWentBack when the data folder, or another machine, has counted further than the database.
    """
    known = _known()  # before the row is locked: Redis may keep one waiting
    if not Generation.objects.filter(pk=ROW).update(number=F("number") + 1):
        Generation.objects.get_or_create(pk=ROW, defaults={"number": 1})
    number = Generation.objects.values_list("number", flat=True).get(pk=ROW)
    if known >= number:
        raise DatabaseWentBack
    transaction.on_commit(lambda: _raise_to(number))


class Absence(enum.Enum):
    """How the database may have missed calls that were sent; the value is for people."""

    FOLDER = "The database is used with another data folder"
    EARLIER = "The database was restored to an earlier moment"
    COPY = "The data folder was copied or restored"
    BOOT = "The machine was started again"


def absence() -> Absence | None:
    """Returns how the database was away, None if it was not, or if this installation never sent anything."""
    if not Submission.objects.exists():
        return None
    noted, place = _read(), _place()
    number = Generation.objects.filter(pk=ROW).values_list("number", flat=True).first() or 0
    if not noted:
        return Absence.FOLDER
    if _known() > number:
        return Absence.EARLIER
    if noted.get("place", [])[:2] != place[:2]:
        return Absence.COPY
    return Absence.BOOT if noted.get("place") != place else None


def keep_up() -> None:
    """Raises the number in the data folder, and in Redis if it was lost, to the database's: other machines add to it.

    A machine that lagged behind would not notice that the database went back.
    """
    _raise_to(Generation.objects.filter(pk=ROW).values_list("number", flat=True).first() or 0)


def take_over() -> None:
    """Records that this database and this data folder belong together from now on."""
    with _locked():
        anchor = _folder() / "anchor"
        anchor.touch(mode=0o600)
        number = Generation.objects.get_or_create(pk=ROW)[0].number
        number = max(number, _known()) + 1
        Generation.objects.filter(pk=ROW).update(number=number)
        _write({"number": number, "place": _place()})
        raise_shared_number(number)


# ---- the files --------------------------------------------------------------------------------------


def _folder() -> Path:
    return Path(settings.DATA) / "generation"


def _place() -> list[str]:
    """Returns what differs in a copy of the data folder, or after a boot of a copied machine; [] without an anchor."""
    try:
        anchor = (_folder() / "anchor").stat()
    except FileNotFoundError:
        return []
    boot = ""
    with contextlib.suppress(OSError):  # only Linux tells
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return [str(anchor.st_ino), str(anchor.st_ctime_ns), boot]


def _known() -> int:
    """Returns the highest number that this data folder or Redis has seen."""
    return max(int(_read().get("number", 0)), shared_number())


def _read() -> dict[str, Any]:
    try:
        noted: dict[str, Any] = json.loads((_folder() / "number.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return noted


def _raise_to(number: int) -> None:
    raise_shared_number(number)
    with _locked():
        noted = _read()
        if number > noted.get("number", 0):
            _write(noted | {"number": number, "place": noted.get("place") or _place()})


def _write(noted: dict[str, Any]) -> None:
    draft = _folder() / "number.part"
    draft.write_text(json.dumps(noted))
    os.replace(draft, _folder() / "number.json")


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Lets one process at a time write."""
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (_folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
