"""Addresses of signing in and of one's own account. Views of allauth have the names by which it looks for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as second_step
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from django.http import HttpRequest, HttpResponseBase
from django.urls import path, register_converter

from batchsite.entry import views_account, views_entry, views_sessions, views_sign_on
from batchsite.http import UNPROCESSABLE

View = Callable[..., HttpResponseBase]


def refused_is_422(view: View) -> View:
    """The view, with the status that a page whose form has errors has everywhere here."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if form is not None and form.errors:
            response.status_code = UNPROCESSABLE
        return response

    return answer


class Base36:
    """The id of an account, as allauth writes it into links."""

    regex = "[0-9A-Za-z]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Base36, "base36")

ALLAUTH = [
    ("sign-up", account.signup, "account_signup"),
    ("sign-in/inactive", account.account_inactive, "account_inactive"),
    ("sign-in/verify", account.email_verification_sent, "account_email_verification_sent"),
    ("sign-in/code", account.request_login_code, "account_request_login_code"),
    ("sign-in/code/enter", account.confirm_login_code, "account_confirm_login_code"),
    ("sign-in/passkey", passkeys.login_webauthn, "mfa_login_webauthn"),
    ("sign-in/second", second_step.authenticate, "mfa_authenticate"),
    ("sign-in/again", account.reauthenticate, "account_reauthenticate"),
    ("sign-in/again/code", second_step.reauthenticate, "mfa_reauthenticate"),
    ("sign-in/again/passkey", passkeys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    ("confirm/<str:key>", account.confirm_email, "account_confirm_email"),
    ("reset", account.password_reset, "account_reset_password"),
    ("reset/sent", account.password_reset_done, "account_reset_password_done"),
    ("reset/done", account.password_reset_from_key_done, "account_reset_password_from_key_done"),
    ("reset/<base36:uidb36>-<str:key>", account.password_reset_from_key, "account_reset_password_from_key"),
    ("sign-on/cancelled", social.login_cancelled, "socialaccount_login_cancelled"),
    ("sign-on/failed", social.login_error, "socialaccount_login_error"),
    ("sign-on/<str:provider_id>", views_sign_on.begin, "openid_connect_login"),
    ("sign-on/<str:provider_id>/callback", views_sign_on.come_back, "openid_connect_callback"),
    ("account/second-step", second_step.index, "mfa_index"),
    ("account/second-step/app", totp.activate_totp, "mfa_activate_totp"),
    ("account/second-step/app/off", totp.deactivate_totp, "mfa_deactivate_totp"),
    ("account/second-step/codes", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    ("account/second-step/codes/new", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    ("account/second-step/codes/file", recovery_codes.download_recovery_codes, "mfa_download_recovery_codes"),
    ("account/second-step/passkeys", second_step.index, "mfa_list_webauthn"),
    ("account/second-step/passkeys/new", passkeys.add_webauthn, "mfa_add_webauthn"),
    ("account/second-step/passkeys/<int:pk>", passkeys.edit_webauthn, "mfa_edit_webauthn"),
    ("account/second-step/passkeys/<int:pk>/remove", passkeys.remove_webauthn, "mfa_remove_webauthn"),
]

urlpatterns = [
    path("setup", views_entry.setup, name="setup"),
    path("sign-in", views_entry.sign_in, name="sign-in"),
    path("sign-in", views_entry.sign_in, name="account_login"),
    path("sign-out", views_entry.sign_out, name="sign-out"),
    path("sign-out", views_entry.sign_out, name="account_logout"),
    path("join/<str:token>", views_entry.join, name="join"),
    path("no-team", views_entry.no_team, name="no-team"),
    path("account", views_account.account, name="account"),
    path("account", views_account.account, name="account_email"),
    path("account/password", views_account.account_password, name="account-password"),
    path("account/confirm", views_account.account_confirm, name="account-confirm"),
    path("account/sign-out", views_account.sign_out_everywhere, name="sign-out-everywhere"),
    path("account/sessions", views_sessions.sessions, name="usersessions_list"),
    path("account/sessions/<int:session_id>/end", views_sessions.session_end, name="session-end"),
    *(path(route, refused_is_422(view), name=name) for route, view, name in ALLAUTH),
]
