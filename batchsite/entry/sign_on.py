"""Single sign-on by OpenID Connect: who gets in, and how groups there become roles in the first team."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from batchsite.teams import security_log
from batchsite.teams.invitations import InvitationVoid, open_invitation
from batchsite.teams.models import Membership, Role, Team, User
from batchsite.teams.people import follow_group

STRONGEST_FIRST = (Role.OWNER, Role.ADMIN, Role.MEMBER, Role.VIEWER)


class SignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """New people get in through a group with a role, through an invitation, or if sign-up is open."""
        if settings.OPTIONS.anyone_may_sign_up or role_of(sociallogin) is not None:
            return True
        return _has_invitation(sociallogin.state.get("next", ""))

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """The account with an e-mail that the provider has confirmed. Not one that only asked to change to it."""
        for address in sociallogin.email_addresses:
            user = User.objects.filter(email=address.email.strip().lower()).first() if address.verified else None
            if user is not None:
                return user, user.email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Says why nobody gets in, instead of asking for another e-mail."""
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            raise ImmediateHttpResponse(redirect("account"))
        if sociallogin.is_existing:
            if sociallogin.account.pk is None and not _is_confirmed(sociallogin.user):
                security_log.record("account_changed", request, person=sociallogin.user.pk)
                close_other_ways(sociallogin.user)
            return
        email = (sociallogin.user.email or "").strip().lower()
        if not email:
            self._refuse(request, "sends no e-mail for you. Whoever runs it has to allow this site your e-mail.")
        if User.objects.filter(email=email).exists():
            self._refuse(
                request,
                "does not say that your e-mail is confirmed, and there is an account with it here already. Whoever "
                "runs it can confirm the e-mail there.",
            )
        if not self.is_open_for_signup(request, sociallogin):
            self._refuse(
                request, "knows you, but you have no account here. Ask an owner of your team for an invitation."
            )

    def _refuse(self, request: HttpRequest, why: str) -> None:
        messages.error(request, f"{settings.OPTIONS.oidc_name} {why}")
        security_log.record("sign_on_refused", request)
        raise ImmediateHttpResponse(redirect("sign-in"))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Mapping[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        claims = claims_of(sociallogin)
        user.name = str(claims.get("name") or data.get("name") or "")[:120]
        user.email = user.email.strip().lower()
        return user

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        security_log.record("sign_on_failed", request)


def close_other_ways(user: User) -> None:
    """Removes second steps, passkeys and other sign-ons from an account whose e-mail was never confirmed.

    Its creator may not be the person that the provider knows by that e-mail. allauth ends password and sessions.
    """
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()


def _is_confirmed(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


def claims_of(sociallogin: SocialLogin) -> dict[str, Any]:
    """Returns what the provider says about the person, in the id token or as user info."""
    data = sociallogin.account.extra_data or {}
    parts = [data.get(name) for name in ("id_token", "userinfo")]
    nested = [part for part in parts if isinstance(part, dict)]
    claims: dict[str, Any] = {}
    for part in nested or [data]:
        claims |= part
    return claims


def role_of(sociallogin: SocialLogin) -> Role | None:
    """The strongest role that a group of the person has by `OIDC_ROLES`. None if no group has one."""
    groups = claims_of(sociallogin).get(settings.OPTIONS.oidc_claim)
    named = {groups} if isinstance(groups, str) else {str(one) for one in groups} if isinstance(groups, list) else set()
    roles = {role for group, role in settings.OPTIONS.roles_by_group.items() if group in named}
    return next((role for role in STRONGEST_FIRST if role.value in roles), None)


def follow_groups(user: User, sociallogin: SocialLogin) -> bool:
    """Gives the person their groups' role in the first team, if groups have roles. Returns whether it changed."""
    team = Team.objects.order_by("pk").first()
    if team is None or not settings.OPTIONS.roles_by_group:
        return False
    memberships = Membership.objects.filter(team=team, user=user).values_list("role", flat=True)
    before = memberships.first()
    follow_group(team, user, role_of(sociallogin))
    return memberships.first() != before


def _has_invitation(path: str) -> bool:
    """Whether the page to go to afterwards is that of an invitation that still works."""
    try:
        match = resolve(urlsplit(path).path)
        if match.url_name != "join":
            return False
        open_invitation(match.kwargs["token"])
    except (Resolver404, InvitationVoid):
        return False
    return True
