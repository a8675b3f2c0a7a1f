"""What every page shows around its own matter."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from batchsite.teams.keys import AccountKind, account_kind


def team(request: HttpRequest) -> dict[str, Any]:
    """`team`, and whether answers would be simulated; nothing where nobody is signed in."""
    current = getattr(request, "team", None)
    if current is None:
        return {}
    return {"team": current, "in_sandbox": account_kind(current) == AccountKind.SANDBOX}
