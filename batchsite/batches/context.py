"""The one number of this room that every page shows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest

from batchsite.batches.selectors import running_count


def running(request: HttpRequest) -> dict[str, Any]:
    """`running_batches` for the rail; counted only where a template shows it."""
    team = getattr(request, "team", None)
    return {} if team is None else {"running_batches": cache(lambda: running_count(team))}
