"""Joining a team by a link that works once."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from batchsite.teams.models import Invitation, Membership, Role, Team, User


class InvitationVoid(Exception):
    """The link was used or revoked, has expired, or its maker may no longer give its role."""


def open_invitations() -> QuerySet[Invitation]:
    """Invitations that still work: unused, in time, and made by somebody who may give their role today.

    Otherwise a removed owner could come back through their own invitation.
    """
    by = Membership.objects.filter(team=OuterRef("team"), user=OuterRef("created_by"), user__is_active=True)
    may_give = Exists(by.filter(role=Role.OWNER)) | (Exists(by.filter(role=Role.ADMIN)) & ~Q(role=Role.OWNER))
    unused = Invitation.objects.filter(may_give, used_at=None, expires_at__gt=timezone.now())
    return unused.select_related("team", "created_by")


def open_invitation(token: str) -> Invitation:
    """Raises InvitationVoid."""
    invitation = open_invitations().filter(token=token).first()
    if invitation is None:
        raise InvitationVoid
    return invitation


def join(invitation: Invitation, user: User) -> Team:
    """Makes `user` a member and uses up the link. Changes nothing for somebody who is a member already.

    Raises InvitationVoid if somebody else used the link first.
    """
    with transaction.atomic():
        _, is_new = Membership.objects.get_or_create(
            team=invitation.team, user=user, defaults={"role": invitation.role}
        )
        if is_new and not _use(invitation, user):
            raise InvitationVoid
    return invitation.team


def sign_up(invitation: Invitation, *, name: str, email: str, password: str) -> User:
    """Creates an account that joins the team. Raises InvitationVoid, and then creates none."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name)
        join(invitation, user)
    return user


def _use(invitation: Invitation, user: User) -> bool:
    unused = open_invitations().filter(pk=invitation.pk)
    return unused.update(used_at=timezone.now(), used_by=user) == 1
