"""The page of a person's own account: name, e-mail, password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.http import UNPROCESSABLE, client_address, forget_typed
from batchsite.teams import security_log
from batchsite.teams.forms import AccountForm, PasswordForm
from batchsite.teams.requests import PersonRequest


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def account(request: PersonRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, user=request.user, address=client_address(request))
    if request.method == "POST" and form.is_valid():
        request.user.name = form.cleaned_data["name"]
        request.user.email = form.cleaned_data["email"]
        request.user.save(update_fields=["name", "email"])
        security_log.record("account_changed", request, fields=form.changed_data)
        messages.success(request, "Saved.")
        return redirect("account")
    return _page(request, form, PasswordForm(user=request.user))


@sensitive_post_parameters("current", "new")
@require_POST
def account_password(request: PersonRequest) -> HttpResponse:
    form = PasswordForm(request.POST, user=request.user, address=client_address(request))
    if not form.is_valid():
        return _page(request, AccountForm(user=request.user), form)
    request.user.set_password(form.cleaned_data["new"])
    request.user.save(update_fields=["password"])
    update_session_auth_hash(request, request.user)
    security_log.record("password_changed", request)
    messages.success(request, "Password changed. Other browsers are signed out.")
    return redirect("account")


@require_POST
def sign_out_everywhere(request: PersonRequest) -> HttpResponse:
    """Ends all sessions of the person, in other browsers and in this one."""
    request.user.session_epoch += 1
    request.user.save(update_fields=["session_epoch"])
    security_log.record("signed_out_everywhere", request)
    logout(request)
    return forget_typed(redirect("sign-in"))


def _page(request: PersonRequest, form: AccountForm, password_form: PasswordForm) -> HttpResponse:
    context = {"form": form, "password_form": password_form, "person": request.user}
    status = UNPROCESSABLE if form.errors or password_form.errors else 200
    return render(request, "teams/account.html", context, status=status)
