"""The page of those who run the installation: which teams may use its key, and who may sign in."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from batchsite.teams import people, security_log
from batchsite.teams.models import Team, User
from batchsite.teams.requests import TeamRequest


@require_GET
def installation(request: TeamRequest) -> HttpResponse:
    context = {
        "teams": Team.objects.annotate(size=Count("members")).order_by("pk"),
        "accounts": User.objects.order_by("pk").prefetch_related("teams"),
        "has_key": bool(settings.OPTIONS.xai_api_key),
        "anyone_may_create_teams": settings.OPTIONS.anyone_may_create_teams,
    }
    return render(request, "teams/installation.html", context)


@require_POST
def team_key(request: TeamRequest, team_id: int) -> HttpResponse:
    """Allows a team to use the installation's key, or stops that."""
    team = get_object_or_404(Team, pk=team_id)
    allowed = request.POST.get("allowed") == "1"
    people.allow_installation_key(team, allowed=allowed)
    security_log.record("installation_key_allowed" if allowed else "installation_key_denied", request, to_team=team.pk)
    messages.success(request, f"{team} {'may' if allowed else 'may not'} use the key of this installation.")
    return redirect("installation")


@require_POST
def person_active(request: TeamRequest, user_id: int) -> HttpResponse:
    """Deactivates an account, or activates it again. Not one's own."""
    person = get_object_or_404(User.objects.exclude(pk=request.user.pk), pk=user_id)
    active = request.POST.get("active") == "1"
    people.set_active(person, active=active)
    security_log.record("account_activated" if active else "account_deactivated", request, person=person.pk)
    messages.success(request, f"{person} {'can' if active else 'cannot'} sign in.")
    return redirect("installation")
