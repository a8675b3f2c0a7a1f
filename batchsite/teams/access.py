"""Decorators that say who may call a view. The middleware reads `team_optional`; `owners_only` checks by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase

from batchsite.teams.models import Role, User
from batchsite.teams.people import is_operator
from batchsite.teams.requests import TeamRequest

R = TypeVar("R", bound=HttpResponseBase)


def team_optional(view: Callable[..., R]) -> Callable[..., R]:
    """Admits signed-in people without a team. `request.team` is only set if they have one."""

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> R:
        return view(*args, **kwargs)

    marked.team_optional = True  # type: ignore[attr-defined]
    return marked


def operators_only(view: Callable[..., R]) -> Callable[..., R]:
    """Not there (404) for anybody but owners of the first team, who run this installation."""

    @wraps(view)
    def guarded(request: TeamRequest, *args: Any, **kwargs: Any) -> R:
        if not is_operator(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def owners_only(view: Callable[..., R]) -> Callable[..., R]:
    """Refuses members (403) and names the owners, so that they know whom to ask."""

    @wraps(view)
    def guarded(request: TeamRequest, *args: Any, **kwargs: Any) -> R:
        if not request.membership.is_owner:
            owners = User.objects.filter(memberships__team=request.team, memberships__role=Role.OWNER)
            names = ", ".join(str(owner) for owner in owners.order_by("pk")[:3])
            raise PermissionDenied(f"Only an owner of {request.team} can do this. Ask {names}.")
        return view(request, *args, **kwargs)

    return guarded
