"""The Team page: people, invitations, the name, the budget, and switching teams."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from batchsite.http import UNPROCESSABLE, next_url
from batchsite.teams import invitation_mail, invitations, people, security_log, tool_servers
from batchsite.teams.accounts import keys_of
from batchsite.teams.forms import (
    BudgetForm,
    InvitationForm,
    KeyForm,
    RoleForm,
    TeamForm,
    budget_form,
    team_name_form,
)
from batchsite.teams.middleware import SESSION_TEAM
from batchsite.teams.models import Invitation, Membership, Role
from batchsite.teams.requests import TeamRequest
from batchsite.teams.server_form import ToolServerForm

ONLY_OWNERS = "Only owners decide who is an owner. Ask one of them; they are listed on the Team page."
ONLY_ADMINS = "Only admins and owners remove people. Ask one of them; they are listed on the Team page."


@require_GET
def team(request: TeamRequest) -> HttpResponse:
    return team_page(request)


def team_page(request: TeamRequest, **forms: Any) -> HttpResponse:
    """The page, with those of its forms that have errors."""
    team = request.team
    context: dict[str, Any] = {
        "people": [
            (one, people.may_change(request.membership, one))
            for one in team.memberships.select_related("user").order_by("joined_at", "pk")
        ],
        "keys": keys_of(team).select_related("set_by"),
        "environment_key": bool(settings.OPTIONS.xai_api_key) and team.may_use_installation_key,
        "roles": [(role.value, role.word) for role in people.roles_given_by(request.membership)],
        "name_form": team_name_form(team),
        "invitation_form": InvitationForm(people.roles_given_by(request.membership)),
        "key_form": KeyForm(team),
        "servers": tool_servers.servers_of(team),
        "server_form": ToolServerForm(),
        "budget_form": budget_form(team),
        "can_be_deleted": team.delete_at is None and not people.runs_installation(team),
    }
    if people.roles_given_by(request.membership):
        context["links"] = [
            _link(request, invitation) for invitation in invitations.open_invitations().filter(team=team).order_by("pk")
        ]
    has_errors = any(form.errors for form in forms.values())
    return render(request, "teams/team.html", context | forms, status=UNPROCESSABLE if has_errors else 200)


def _link(request: TeamRequest, invitation: Invitation) -> dict[str, Any]:
    url = request.build_absolute_uri(reverse("join", args=[invitation.token]))
    return {"invitation": invitation, "url": url, "word": Role(invitation.role).word}


@require_POST
def team_rename(request: TeamRequest) -> HttpResponse:
    form = TeamForm(request.POST)
    if not form.is_valid():
        return team_page(request, name_form=form)
    request.team.name = form.cleaned_data["name"]
    request.team.save(update_fields=["name"])
    messages.success(request, f"The team is now called {request.team}.")
    security_log.record("team_renamed", request)
    return redirect("team")


@require_POST
def team_budget(request: TeamRequest) -> HttpResponse:
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return team_page(request, budget_form=form)
    people.set_budget(request.team, form.ticks())
    messages.success(request, "The budget is set." if form.ticks() is not None else "The budget is removed.")
    security_log.record("budget_set", request, ticks=form.ticks())
    return redirect(f"{reverse('team')}#budget")


@require_http_methods(["GET", "POST"])
def team_new(request: TeamRequest) -> HttpResponse:
    if not people.may_create_teams(request.user):
        raise PermissionDenied("Only owners of the first team of this installation create teams here.")
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        team = people.create_team(request.user, form.cleaned_data["name"])
        request.session[SESSION_TEAM] = team.pk
        messages.success(request, f"You are now in {team}. Switch back at the bottom of the menu.")
        security_log.record("team_created", request, made=team.pk)
        return redirect("home")
    return render(request, "teams/team_new.html", {"form": form}, status=UNPROCESSABLE if form.errors else 200)


@require_POST
def team_switch(request: TeamRequest, team_id: int) -> HttpResponse:
    membership = get_object_or_404(Membership, user=request.user, team_id=team_id)
    request.session[SESSION_TEAM] = membership.team_id
    return redirect(next_url(request))


@require_POST
def invitation_new(request: TeamRequest) -> HttpResponse:
    form = InvitationForm(people.roles_given_by(request.membership), request.POST)
    if not form.is_valid():
        return team_page(request, invitation_form=form)
    role, email = form.cleaned_data["role"], form.cleaned_data.get("email", "")
    if email and invitation_mail.has_sent_enough(request.team):
        form.add_error("email", "The team has sent 50 invitations today. Leave this blank and pass the link on.")
        return team_page(request, invitation_form=form)
    invitation = Invitation.objects.create(team=request.team, role=role, email=email, created_by=request.user)
    security_log.record("invitation_made", request, invitation=invitation.pk, role=role)
    if not email:
        messages.success(request, "The link is ready. Send it to one person: it works once, within 14 days.")
    elif invitation_mail.send(invitation, request.user):
        messages.success(request, f"The link was sent to {email}. It works once, within 14 days.")
    else:
        messages.error(request, f"The mail server does not answer, so nothing was sent. Pass the link on to {email}.")
    return redirect("team")


@require_POST
def invitation_revoke(request: TeamRequest, invitation_id: int) -> HttpResponse:
    get_object_or_404(Invitation, pk=invitation_id, team=request.team, used_at=None).delete()
    messages.success(request, "The link no longer works.")
    security_log.record("invitation_revoked", request, invitation=invitation_id)
    return redirect("team")


@require_POST
def member_role(request: TeamRequest, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(request.team.memberships.select_related("user", "team"), pk=membership_id)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            people.change_role(membership, role, by=request.membership)
            security_log.record("role_changed", request, person=membership.user_id, role=role.value)
            messages.success(request, f"{membership.user} is now {role.with_article}.")
        except people.LastOwner as error:
            messages.error(request, str(error))
        except people.MayNotChange as error:
            raise PermissionDenied(ONLY_OWNERS) from error
    return redirect("team")


@require_http_methods(["GET", "POST"])
def member_remove(request: TeamRequest, membership_id: int) -> HttpResponse:
    """An owner or admin removes somebody, or a member leaves."""
    membership = get_object_or_404(request.team.memberships.select_related("user"), pk=membership_id)
    if membership.pk == request.membership.pk:
        return _leave(request, membership)
    if not people.may_change(request.membership, membership):
        raise PermissionDenied(ONLY_OWNERS if membership.is_owner else ONLY_ADMINS)
    if request.method == "POST":
        return _end(request, membership, f"{membership.user} is no longer in {request.team}.", "team")
    context = {
        "question": f"Remove {membership.user} from {request.team}?",
        "what": "They lose access at once. Datasets and batches that they made stay with the team.",
        "verb": f"Remove {membership.user}",
        "back": reverse("team"),
    }
    return render(request, "confirm.html", context)


def _leave(request: TeamRequest, membership: Membership) -> HttpResponse:
    if request.method == "POST":
        return _end(request, membership, f"You have left {request.team}.", "home")
    context = {
        "question": f"Leave {request.team}?",
        "what": "You lose access at once. What you made stays with the team; an owner can invite you again.",
        "verb": "Leave the team",
        "back": reverse("team"),
    }
    return render(request, "confirm.html", context)


def _end(request: TeamRequest, membership: Membership, words: str, after: str) -> HttpResponse:
    try:
        people.remove_member(membership, by=request.membership)
    except people.LastOwner as error:
        messages.error(request, str(error))
        return redirect("team")
    security_log.record("member_removed", request, person=membership.user_id)
    messages.success(request, words)
    return redirect(after)
