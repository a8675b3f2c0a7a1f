"""Pages for visitors: setup, sign-in and sign-out, invitations, and being in no team."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.defaults import page_not_found

from batchsite.http import UNPROCESSABLE, client_address, forget_typed, next_url
from batchsite.teams import invitations, security_log
from batchsite.teams.forms import SetupForm, SignInForm, SignUpForm, TeamForm
from batchsite.teams.middleware import SESSION_TEAM, enter_team
from batchsite.teams.models import Invitation, Membership, User
from batchsite.teams.people import AlreadySetUp, create_team, may_create_teams, set_up
from batchsite.teams.requests import PersonRequest
from batchsite.teams.sign_in import SignInRefused, TooManyTries, sign_in_as


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
    return render(request, "teams/setup.html", {"form": form}, status=_status(form))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    after = next_url(request)
    if request.user.is_authenticated:
        return redirect(after)
    if not User.objects.exists():
        return redirect("setup")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in_as(form.cleaned_data["email"], form.cleaned_data["password"], client_address(request))
        except SignInRefused as refusal:
            return _refuse(request, form, refusal)
        login(request, user)
        return redirect(after)
    context = {"form": form, "next": request.GET.get("next", "")}
    return render(request, "teams/sign_in.html", context, status=_status(form))


def _refuse(request: HttpRequest, form: SignInForm, refusal: SignInRefused) -> HttpResponse:
    known = User.objects.filter(email=form.cleaned_data["email"].strip().lower()).values_list("pk", flat=True).first()
    event = "too_many_tries" if isinstance(refusal, TooManyTries) else "sign_in_failed"
    security_log.record(event, request, person=known)  # not the e-mail: people type passwords into that field
    form.add_error(None, str(refusal))
    context = {"form": form, "next": request.POST.get("next", "")}
    response = render(request, "teams/sign_in.html", context, status=refusal.status)
    if isinstance(refusal, TooManyTries):
        response["Retry-After"] = str(refusal.seconds)
    return response


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
        return render(request, "teams/void.html", status=410)


def _join_signed_in(request: HttpRequest, invitation: Invitation, user: User) -> HttpResponse:
    is_member = Membership.objects.filter(team=invitation.team, user=user).exists()
    if request.method == "POST" or is_member:
        team = invitations.join(invitation, user)
        security_log.record("joined", request, to_team=team.pk, invitation=invitation.pk)
        request.session[SESSION_TEAM] = team.pk
        messages.success(request, f"You are already in {team}." if is_member else f"Welcome to {team}.")
        return redirect("home")
    return render(request, "teams/join.html", {"invitation": invitation, "person": user})


def _sign_up(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = invitations.sign_up(invitation, **form.cleaned_data)
        facts = {"user": user.pk, "to_team": invitation.team_id, "invitation": invitation.pk}
        security_log.record("joined", request, **facts)
        login(request, user)
        return redirect("home")
    return render(request, "teams/join.html", {"invitation": invitation, "form": form}, status=_status(form))


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
    return render(request, "teams/no_team.html", context, status=_status(form))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page. An unknown address reaches no view, so the team of the page's frame is looked up here."""
    user = getattr(request, "user", None)
    if isinstance(user, User) and not hasattr(request, "team"):
        enter_team(request, user)
    return page_not_found(request, exception)


def _status(form: SetupForm | SignInForm | SignUpForm | TeamForm) -> int:
    return UNPROCESSABLE if form.errors else 200
