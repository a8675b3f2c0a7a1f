"""What the doctor reports: one finding a line, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """`level` is ok, warning or problem. Only a problem makes the doctor's exit status 1."""

    about: str
    level: str
    says: str
    do: str = ""


def ok(about: str, says: str) -> Finding:
    return Finding(about, OK, says)


def warning(about: str, says: str, do: str) -> Finding:
    return Finding(about, WARNING, says, do)


def problem(about: str, says: str, do: str) -> Finding:
    return Finding(about, PROBLEM, says, do)


def first_line(error: BaseException) -> str:
    """An error in one line. The lines that PostgreSQL adds may contain somebody's rows."""
    return [*str(error).strip().splitlines(), type(error).__name__][0]


def size(count: float) -> str:
    """`1.2 GB`."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit != "MB" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def age(moment: datetime) -> str:
    """How long ago `moment` was: `40 s`, `3 min`, `2 h`, `5 days`."""
    seconds = max(0.0, (timezone.now() - moment).total_seconds())
    for limit, length, unit in ((100, 1, "s"), (6000, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"
