"""The page of a person's own account: name, e-mail, password."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.entry.addresses import ask_to_confirm, change_email, keep_address
from batchsite.entry.forms import AccountForm, PasswordForm
from batchsite.entry.sessions import end_others
from batchsite.http import UNPROCESSABLE, client_address, forget_typed
from batchsite.teams import security_log
from batchsite.teams.requests import PersonRequest


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def account(request: PersonRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, user=request.user, address=client_address(request))
    if request.method == "POST" and form.is_valid():
        _save(request, form)
        return redirect("account")
    return _page(request, form, PasswordForm(user=request.user))


def _save(request: PersonRequest, form: AccountForm) -> None:
    request.user.name = form.cleaned_data["name"]
    request.user.save(update_fields=["name"])
    security_log.record("account_changed", request, fields=form.changed_data)
    email = form.cleaned_data["email"]
    if email == request.user.email or change_email(request, request.user, email):
        messages.success(request, "Saved.")
    else:
        messages.success(request, f"Saved. A link went to {email}; your e-mail changes once you open it.")


@require_POST
def account_confirm(request: PersonRequest) -> HttpResponse:
    """Sends a link that confirms the e-mail."""
    if ask_to_confirm(request, request.user):
        messages.success(request, f"A link went to {request.user.email}.")
    else:
        messages.info(request, "No link was sent: the last one is a few minutes old, or the e-mail is confirmed.")
    return redirect("account")


@sensitive_post_parameters("current", "new")
@require_POST
def account_password(request: PersonRequest) -> HttpResponse:
    form = PasswordForm(request.POST, user=request.user, address=client_address(request))
    if not form.is_valid():
        return _page(request, AccountForm(user=request.user), form)
    request.user.set_password(form.cleaned_data["new"])
    request.user.save(update_fields=["password"])
    update_session_auth_hash(request, request.user)
    UserSession.objects.create_from_request(request)  # this browser has a new one
    end_others(request)
    get_adapter(request).send_notification_mail("account/email/password_changed", request.user)
    security_log.record("password_changed", request)
    messages.success(request, "Password changed. Other browsers are signed out.")
    return redirect("account")


@require_POST
def sign_out_everywhere(request: PersonRequest) -> HttpResponse:
    """Ends all sessions of the person, in other browsers and in this one."""
    request.user.session_epoch += 1
    request.user.save(update_fields=["session_epoch"])
    end_others(request)
    security_log.record("signed_out_everywhere", request)
    logout(request)
    return forget_typed(redirect("sign-in"))


def _page(request: PersonRequest, form: AccountForm, password_form: PasswordForm) -> HttpResponse:
    context = {
        "form": form,
        "password_form": password_form,
        "person": request.user,
        "is_confirmed": keep_address(request.user).verified,
    }
    status = UNPROCESSABLE if form.errors or password_form.errors else 200
    return render(request, "entry/account.html", context, status=status)
