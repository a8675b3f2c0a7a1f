"""The template context that every page needs for its frame."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.models import Membership, Team


def team(request: HttpRequest) -> dict[str, Any]:
    """`team`, `membership`, `other_teams` and `in_sandbox`. Empty for visitors who are not signed in.

    The last two are callables, so that fragments, which do not use them, cost no query.
    """
    membership: Membership | None = getattr(request, "membership", None)
    if membership is None:
        return {}
    current = membership.team

    @cache
    def in_sandbox() -> bool:
        return account_kind(current) == AccountKind.SANDBOX

    def other_teams() -> QuerySet[Team]:
        return Team.objects.filter(memberships__user_id=membership.user_id).exclude(pk=current.pk).order_by("name")

    return {"team": current, "membership": membership, "in_sandbox": in_sandbox, "other_teams": other_teams}
