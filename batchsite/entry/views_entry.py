"""Pages for visitors: setup, sign-in and sign-out, invitations, and being in no team."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.defaults import page_not_found

from batchsite.entry.account_adapter import TOO_MANY
from batchsite.entry.forms import SetupForm, SignInForm, SignUpForm
from batchsite.http import UNPROCESSABLE, forget_typed
from batchsite.teams import invitations, security_log
from batchsite.teams.forms import TeamForm
from batchsite.teams.middleware import SESSION_TEAM, enter_team
from batchsite.teams.models import Invitation, Membership, User
from batchsite.teams.people import AlreadySetUp, create_team, may_create_teams, set_up
from batchsite.teams.requests import PersonRequest


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """The first visit, which creates the first account. Later it redirects to the sign-in page."""
    if User.objects.exists():
        return redirect("sign-in")
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            answers = {name: form.cleaned_data[name] for name in ("name", "email", "password", "team_name")}
            user = set_up(**answers)
        except AlreadySetUp:
            messages.warning(request, "Someone else has just created the first account. Ask them for an invitation.")
            return redirect("sign-in")
        login(request, user)
        return redirect("home")
    if "code" in form.errors:
        security_log.record("setup_code_wrong", request)
    return render(request, "entry/setup.html", {"form": form}, status=_status(form))


class SignInView(LoginView):  # type: ignore[misc]
    """allauth's, with the first visit before it, and with the statuses of refusals."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not User.objects.exists():
            return redirect("setup")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        response.status_code = UNPROCESSABLE
        for error in form.non_field_errors().as_data():
            if error.code == TOO_MANY:
                response.status_code = HTTPStatus.TOO_MANY_REQUESTS
                response["Retry-After"] = str(error.params["seconds"])
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.POST.get("next") or self.request.GET.get("next", "")
        return {**super().get_context_data(**kwargs), "next": asked}


sign_in = SignInView.as_view()


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return forget_typed(redirect("sign-in"))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accepts an invitation, with the account of whoever is signed in or with a new one."""
    try:
        invitation = invitations.open_invitation(token)
        if isinstance(request.user, User):
            return _join_signed_in(request, invitation, request.user)
        return _sign_up(request, invitation)
    except invitations.InvitationVoid:
        return render(request, "entry/void.html", status=410)


def _join_signed_in(request: HttpRequest, invitation: Invitation, user: User) -> HttpResponse:
    is_member = Membership.objects.filter(team=invitation.team, user=user).exists()
    if request.method == "POST" or is_member:
        team = invitations.join(invitation, user)
        security_log.record("joined", request, to_team=team.pk, invitation=invitation.pk)
        request.session[SESSION_TEAM] = team.pk
        messages.success(request, f"You are already in {team}." if is_member else f"Welcome to {team}.")
        return redirect("home")
    return render(request, "entry/join.html", {"invitation": invitation, "person": user})


def _sign_up(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if settings.OPTIONS.is_sign_on_only:
        return render(request, "entry/join.html", {"invitation": invitation})
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = invitations.sign_up(invitation, **form.cleaned_data)
        facts = {"user": user.pk, "to_team": invitation.team_id, "invitation": invitation.pk}
        security_log.record("joined", request, **facts)
        login(request, user)
        return redirect("home")
    return render(request, "entry/join.html", {"invitation": invitation, "form": form}, status=_status(form))


@require_http_methods(["GET", "POST"])
def no_team(request: PersonRequest) -> HttpResponse:
    """For people without a team: wait for an invitation, or create a team."""
    if hasattr(request, "team"):
        return redirect("home")
    may_create = may_create_teams(request.user)
    form = TeamForm(request.POST or None)
    if request.method == "POST" and not may_create:
        raise PermissionDenied("Only owners of the first team of this installation create teams here.")
    if request.method == "POST" and form.is_valid():
        create_team(request.user, form.cleaned_data["name"])
        return redirect("home")
    context = {"form": form, "person": request.user, "may_create_teams": may_create}
    return render(request, "entry/no_team.html", context, status=_status(form))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page. An unknown address reaches no view, so the team of the page's frame is looked up here."""
    user = getattr(request, "user", None)
    if isinstance(user, User) and not hasattr(request, "team"):
        enter_team(request, user)
    return page_not_found(request, exception)


def _status(form: SetupForm | SignUpForm | TeamForm) -> int:
    return UNPROCESSABLE if form.errors else 200
