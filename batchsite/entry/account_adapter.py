"""How allauth signs people in here: by e-mail and password within our limits, with mail if there is any."""

from __future__ import annotations

import logging
import time
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from batchsite.entry.sign_in import TooManyTries, count_try, forget
from batchsite.http import client_address
from batchsite.teams import security_log
from batchsite.teams.models import User

TOO_MANY = "too_many_tries"
"""The code of the error if the limits refuse an attempt."""
CONFIRM_BY = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code from your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}
log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "E-mail and password do not match. Check both; passwords are case-sensitive.",
        "incorrect_password": "That is not your current password.",
    }

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person with that e-mail and password. None if there is none, or if they may not sign in.

        Raises ValidationError with the code `TOO_MANY` before anything is hashed: hashing is slow on purpose.
        """
        email, address = credentials.get("email", ""), client_address(request)
        try:
            failure = count_try(email, address)
        except TooManyTries as refusal:
            _log(request, "too_many_tries", email)
            raise ValidationError(str(refusal), code=TOO_MANY, params={"seconds": refusal.seconds}) from refusal
        user = authenticate(request, **credentials)
        if not isinstance(user, User):
            _log(request, "sign_in_failed", email)
            return None
        forget(failure)
        return user

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Refuses every other way in if single sign-on is the only one."""
        by_sign_on = "sociallogin" in (kwargs.get("signal_kwargs") or {})
        if settings.OPTIONS.is_sign_on_only and not by_sign_on:
            messages.error(request, f"Sign in with {settings.OPTIONS.oidc_name}; it is the only way in here.")
            return redirect("sign-in")
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        """Whether the last proof of identity is too old. People with no way to give another are not asked for one."""
        request = context.request
        records = get_authentication_records(request, request.user)
        if records and time.time() - records[-1]["at"] < 60 * settings.OPTIONS.confirm_minutes:
            return False
        return bool(get_reauthentication_flows(request.user))

    def get_reauthentication_methods(self, user: User) -> list[dict[str, str]]:
        """The ways to confirm one's identity, in our words."""
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        return [{**method, "description": CONFIRM_BY[method["id"]]} for method in methods]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.OPTIONS.anyone_may_sign_up)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "").strip()
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address of the client. `::` if there is none, as behind a Unix socket."""
        return client_address(request) or "::"

    def is_safe_url(self, url: str | None) -> bool:
        """Whether it is a path of this site."""
        request = context.request
        return bool(url and url.startswith("/")) and url_has_allowed_host_and_scheme(
            url, {request.get_host()}, require_https=request.is_secure()
        )

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        return reverse("account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sends a mail if there is a mail server. Tells the person if that fails, with or without an account."""
        if not settings.OPTIONS.email_url:
            return
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.error("mail could not be sent: %s", type(error).__name__)
            messages.error(self.request, "The mail server does not answer, so nothing was sent. Try again later.")


def _log(request: HttpRequest, event: str, email: str) -> None:
    """Logs without the e-mail: people type passwords into that field."""
    known = User.objects.filter(email=email.strip().lower()).values_list("pk", flat=True).first()
    security_log.record(event, request, person=known)
