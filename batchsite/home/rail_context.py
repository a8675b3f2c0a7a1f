"""What other rooms' pages show of this one."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest

from batchsite.batches.queries import running_count
from batchsite.pricing.budgets import budget_of


def running(request: HttpRequest) -> dict[str, Any]:
    """Adds `running_batches` for the rail and `team_budget` for the Team page; computed when first used."""
    team = getattr(request, "team", None)
    if team is None:
        return {}
    return {"running_batches": cache(lambda: running_count(team)), "team_budget": cache(lambda: budget_of(team))}
