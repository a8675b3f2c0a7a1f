"""What happens when somebody signs in: e-mail and time are stored, and roles follow groups."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.signals import password_reset
from allauth.account.signals import user_logged_in as signed_in
from allauth.mfa.signals import authentication_failed
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from batchsite.entry.addresses import confirm_by_sign_on, keep_address
from batchsite.entry.second_step import reencrypt_second_steps
from batchsite.entry.sign_on import follow_groups
from batchsite.teams import security_log
from batchsite.teams.models import User
from batchsite.teams.signals import secret_key_changed


@receiver(user_logged_in)
def _keep_and_note(request: HttpRequest, user: User, **_: Any) -> None:
    """Setup and invitations sign people in without allauth's forms, which would do this."""
    keep_address(user)
    UserSession.objects.create_from_request(request, user=user)
    if not get_authentication_records(request, user):
        record_authentication(request, user, "password")


@receiver(signed_in)
def _follow_provider(request: HttpRequest, user: User, **facts: Any) -> None:
    sociallogin = facts.get("sociallogin")
    if sociallogin is None:
        return
    confirm_by_sign_on(user, sociallogin.email_addresses)
    if follow_groups(user, sociallogin):
        security_log.record("role_by_group", request, user=user.pk)


@receiver(password_reset)
def _log_new_password(request: HttpRequest, user: User, **_: Any) -> None:
    security_log.record("password_reset", request, user=user.pk)


@receiver(authentication_failed)
def _log_second_step(request: HttpRequest, user: User, **_: Any) -> None:
    security_log.record("second_step_failed", request, person=user.pk)


@receiver(secret_key_changed)
def _encrypt_anew(**_: Any) -> tuple[int, list[str]]:
    return reencrypt_second_steps()
