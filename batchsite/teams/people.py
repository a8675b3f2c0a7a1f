"""Teams and their people: the first account, new teams, invitations, roles, leaving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batchsite.processes.models import Leadership
from batchsite.teams.models import Invitation, Membership, Role, Team, User
from batchsite.teams.signals import budget_changed
from batchsite.teams.team_keys import send_key_changed


class AlreadySetUp(Exception):
    """The first account exists already."""


class LastOwner(Exception):
    """The change would leave the team without an owner."""

    def __init__(self, team: Team) -> None:
        super().__init__(f"{team} needs an owner. Make someone else an owner first.")


class MayNotChange(Exception):
    """Only owners change who is an owner."""


class MayNotCreateTeams(Exception):
    """Only owners of the first team may create teams here."""


def runs_installation(team: Team) -> bool:
    """Whether it is the first team, the one that the installation was set up with."""
    return not Team.objects.filter(pk__lt=team.pk).exists()


def is_operator(user: User) -> bool:
    """Whether the person owns the team that runs the installation."""
    first = Team.objects.order_by("pk").values("pk")[:1]
    return Membership.objects.filter(user=user, role=Role.OWNER, team__in=first).exists()


def may_create_teams(user: User) -> bool:
    return settings.OPTIONS.anyone_may_create_teams or is_operator(user)


def allow_installation_key(team: Team, *, allowed: bool) -> None:
    """Decides whether XAI_API_KEY pays for the team, and sends `key_changed`."""
    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(may_use_installation_key=allowed)
        send_key_changed(team)


def set_active(user: User, *, active: bool) -> None:
    """Lets the person sign in, or forbids it and ends all of their sessions. Memberships and work stay."""
    User.objects.filter(pk=user.pk).update(is_active=active)


def set_up(*, name: str, email: str, password: str, team_name: str) -> User:
    """Creates the first account of this installation and its team. Raises AlreadySetUp; of two at once one succeeds.

    A team without members was created by the command line before the first visit. It is taken over with its batches.
    """
    with transaction.atomic():
        _one_at_a_time()
        if User.objects.exists():
            raise AlreadySetUp
        user = User.objects.create_user(email, password, name)
        team = Team.objects.filter(members=None).order_by("pk").first() or Team()
        team.name = team_name
        team.save()
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return user


def _one_at_a_time() -> None:
    """Locks a row until the end of the transaction, so that others wait, whatever the database."""
    until = timezone.now() + timedelta(minutes=1)
    Leadership.objects.get_or_create(name="setup", defaults={"token": "", "until": until})
    Leadership.objects.select_for_update(no_key=True).get(name="setup")


def set_budget(team: Team, ticks: int | None) -> None:
    """Sets what the team may spend in a month (None: no limit), and sends `budget_changed`."""
    team.budget_ticks = ticks
    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(budget_ticks=ticks, near_budget_in="")
        transaction.on_commit(lambda: budget_changed.send_robust(sender=Team, team=team), robust=True)


def set_personal_budget(membership: Membership, ticks: int | None) -> None:
    """Sets what a person may spend of the team's money in a month (None: no limit), and sends `budget_changed`."""
    with transaction.atomic():
        Membership.objects.filter(pk=membership.pk).update(budget_ticks=ticks, near_budget_in="")
        transaction.on_commit(lambda: budget_changed.send_robust(sender=Team, team=membership.team), robust=True)


def create_team(user: User, name: str) -> Team:
    """Creates a team with `user` as its owner. Raises MayNotCreateTeams.

    On a server it cannot use the installation's key until an owner of the first team allows it.
    """
    if not may_create_teams(user):
        raise MayNotCreateTeams
    with transaction.atomic():
        team = Team.objects.create(name=name, may_use_installation_key=not settings.OPTIONS.is_reachable)
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return team


def roles_given_by(membership: Membership) -> list[Role]:
    """The roles that the person may give to others, from the least on. Empty if none."""
    if membership.role == Role.OWNER:
        return [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER]
    return [Role.VIEWER, Role.MEMBER, Role.ADMIN] if membership.role == Role.ADMIN else []


def may_change(by: Membership, membership: Membership) -> bool:
    """Whether `by` may change the role of another person or remove them: admins may, except for owners."""
    return by.pk != membership.pk and membership.role in roles_given_by(by)


def remove_member(membership: Membership, *, by: Membership) -> None:
    """Ends a membership. The person's work stays with the team; their invitation links are void.

    Raises LastOwner, and MayNotChange unless `by` is the person or may change them.
    """
    if by.pk != membership.pk and not may_change(by, membership):
        raise MayNotChange
    with transaction.atomic():
        _keep_an_owner(membership)
        _void_links(membership, [])
        membership.delete()


def change_role(membership: Membership, role: Role, *, by: Membership) -> None:
    """Gives somebody, or oneself, another role that `by` may give.

    Raises LastOwner if the team would be left without one; MayNotChange if `by` may not.
    """
    if (by.pk != membership.pk and not may_change(by, membership)) or role not in roles_given_by(by):
        raise MayNotChange
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(membership)
        Membership.objects.filter(pk=membership.pk).update(role=role)
        membership.role = role
        _void_links(membership, roles_given_by(membership))


def hand_over(owner: Membership, to: Membership) -> None:
    """Makes `to` an owner, and the owner an admin."""
    with transaction.atomic():
        change_role(to, Role.OWNER, by=owner)
        change_role(owner, Role.ADMIN, by=owner)


def follow_group(team: Team, user: User, role: Role | None) -> None:
    """Gives the person the role that their groups at the single sign-on have. None ends a membership that groups made.

    One by invitation outlasts the groups, and the last owner stays one.
    """
    with transaction.atomic():
        membership = Membership.objects.select_related("team").filter(team=team, user=user).first()
        if membership is None:
            if role is not None:
                Membership.objects.create(team=team, user=user, role=role, by_group=True)
            return
        if role is None and not membership.by_group:
            return
        if role != Role.OWNER and _is_last_owner(membership):
            return
        if role is None:
            _void_links(membership, [])
            membership.delete()
            return
        Membership.objects.filter(pk=membership.pk).update(role=role, by_group=True)
        membership.role = role
        _void_links(membership, roles_given_by(membership))


def _void_links(membership: Membership, kept: Sequence[Role]) -> None:
    """Voids the person's unused links for roles that they may no longer give: they could come back through one."""
    links = Invitation.objects.filter(team=membership.team_id, created_by=membership.user_id, used_at=None)
    links.exclude(role__in=kept).delete()


def _keep_an_owner(membership: Membership) -> None:
    """Raises LastOwner."""
    if _is_last_owner(membership):
        raise LastOwner(membership.team)


def _is_last_owner(membership: Membership) -> bool:
    """Locks the team, so that two owners who leave at once do not both count the other."""
    team = Team.objects.select_for_update(no_key=True).get(pk=membership.team_id)
    owners = team.memberships.filter(role=Role.OWNER)
    return owners.filter(pk=membership.pk).exists() and owners.count() == 1
