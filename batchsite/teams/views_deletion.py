"""Deleting a team, taking that back, and handing a team over."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.teams import people, security_log
from batchsite.teams.requests import TeamRequest
from batchsite.teams.signals import may_team_go
from batchsite.teams.team_deletion import MayNotBeDeleted, ask_for_deletion, take_back


@require_http_methods(["GET", "POST"])
def team_delete(request: TeamRequest) -> HttpResponse:
    team = request.team
    if request.method == "POST":
        reasons = [words for _, words in may_team_go.send(None, team=team) if words]
        try:
            if reasons:
                raise MayNotBeDeleted(reasons[0])
            at = ask_for_deletion(team, request.user)
        except MayNotBeDeleted as error:
            messages.error(request, str(error))
            return redirect("team")
        security_log.record("team_deletion_asked", request)
        messages.success(
            request, f"{team} will be deleted on {at:%-d %B %Y}. Until then an owner can keep it on this page."
        )
        return redirect("team")
    return render(
        request,
        "teams/delete.html",
        {
            "question": f"Delete {team} and everything in it?",
            "verb": f"Delete {team} in seven days",
            "back": reverse("team"),
        },
    )


@require_POST
def team_keep(request: TeamRequest) -> HttpResponse:
    if take_back(request.team):
        security_log.record("team_deletion_taken_back", request)
        messages.success(request, f"{request.team} stays, with everything in it.")
    else:
        messages.error(request, "It is too late: the seven days are over and the team is being deleted.")
    return redirect("team")


@require_http_methods(["GET", "POST"])
def member_hand_over(request: TeamRequest, membership_id: int) -> HttpResponse:
    """Makes somebody else an owner, and oneself an admin."""
    others = request.team.memberships.select_related("user", "team").exclude(pk=request.membership.pk)
    membership = get_object_or_404(others, pk=membership_id)
    if request.method == "POST":
        people.hand_over(request.membership, membership)
        security_log.record("team_handed_over", request, person=membership.user_id)
        messages.success(request, f"{membership.user} now owns {request.team}, and you are an admin.")
        return redirect("team")
    context = {
        "question": f"Hand {request.team} over to {membership.user}?",
        "what": "They become an owner and you become an admin. You keep your work here but no longer manage the team "
        "itself. Other owners stay owners.",
        "verb": "Hand over",
        "back": reverse("team"),
    }
    return render(request, "confirm.html", context)
