"""The template context that every page needs for its frame."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest

from batchsite.teams.access import Permissions
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.models import Membership, Team, User
from batchsite.teams.people import may_create_teams


def team(request: HttpRequest) -> dict[str, Any]:
    """`team`, `membership`, `may`, `other_teams`, `in_sandbox`, `may_create_teams`. Empty for who is in no team.

    The last three are callables, so that fragments, which do not use them, cost no query.
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

    @cache
    def may_create() -> bool:
        return may_create_teams(cast(User, request.user))

    return {
        "may_create_teams": may_create,
        "team": current,
        "membership": membership,
        "may": Permissions(membership),
        "in_sandbox": in_sandbox,
        "other_teams": other_teams,
    }
