"""Whether a person may do something, by `batchsite.permissions` and their role in the team."""

from __future__ import annotations

from typing import Never

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from batchsite.permissions import READS, RULES, Need
from batchsite.teams.models import Membership, Role, User
from batchsite.teams.people import is_operator

ROLES: dict[Need, list[Role]] = {
    Need.VIEW: [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER],
    Need.WORK: [Role.MEMBER, Role.ADMIN, Role.OWNER],
    Need.MANAGE: [Role.ADMIN, Role.OWNER],
    Need.OWN: [Role.OWNER],
}
_WHAT_OTHERS_MAY = {
    Need.WORK: "You are a viewer of {team}: you can look at results and download them.",
    Need.MANAGE: "Only admins and owners of {team} can do this.",
    Need.OWN: "Only an owner of {team} can do this.",
}
_WHO_HELPS = {Need.WORK: Need.MANAGE, Need.MANAGE: Need.MANAGE, Need.OWN: Need.OWN}


class Permissions:
    """What a member may do: `"batch-retry" in permissions`, by the name of a URL. Made for templates, as `may`."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._is_operator: bool | None = None

    def __contains__(self, name: object) -> bool:
        return self.has(RULES[str(name)].most)

    def has(self, need: Need) -> bool:
        if need < Need.VIEW:
            return True
        if need == Need.OPERATE:
            if self._is_operator is None:
                self._is_operator = is_operator(self._membership.user)
            return self._is_operator
        return self._membership.role in ROLES[need]


def check(membership: Membership, need: Need) -> None:
    """Raises PermissionDenied, naming people who can help; Http404 for what only operators know of."""
    if not Permissions(membership).has(need):
        _refuse(membership, need)


STILL_OPEN = {"team-keep", "takeout", "takeout-remove", "member-remove", "installation-person", "installation-team-key"}
"""Changes that are allowed in a team that is to be deleted."""


def check_it_stays(request: HttpRequest, need: Need) -> None:
    """Raises PermissionDenied for changes in a team that is to be deleted: they would be lost."""
    team, match = request.team, request.resolver_match  # type: ignore[attr-defined]
    if team.delete_at is None or need < Need.WORK or request.method in READS:
        return
    if match and match.view_name in STILL_OPEN:
        return
    when = f"{team.delete_at:%-d %B %Y}"
    raise PermissionDenied(f"{team} will be deleted on {when}. An owner can keep it on the Team page.")


def _refuse(membership: Membership, need: Need) -> Never:
    if need == Need.OPERATE:
        raise Http404
    team = membership.team
    helpers = User.objects.filter(memberships__team=team, memberships__role__in=ROLES[_WHO_HELPS[need]])
    names = [str(person) for person in helpers.filter(is_active=True).order_by("pk")[:3]]
    who = " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
    raise PermissionDenied(f"{_WHAT_OTHERS_MAY[need].format(team=team)} Ask {who}.")
