"""What other rooms' pages show of this one."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.http import HttpRequest

from batchsite.batches.end_records import unseen_ends
from batchsite.batches.queries import running_count
from batchsite.pricing.budgets import budget_of
from batchsite.teams.models import User


def running(request: HttpRequest) -> dict[str, Any]:
    """Adds `running_batches` and `unseen_ends` for the rail and lists, `team_budget` for the Team page.

    Each is computed when first used.
    """
    team = getattr(request, "team", None)
    if team is None:
        return {}
    return {
        "running_batches": cache(lambda: running_count(team)),
        "unseen_ends": cache(lambda: unseen_ends(team, cast(User, request.user))),
        "team_budget": cache(lambda: budget_of(team)),
    }
