"""What a person may spend of the team's money in a month: shown, and set by admins and owners."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.http import UNPROCESSABLE
from batchsite.pricing.spend import spent_this_month
from batchsite.teams import people, security_log
from batchsite.teams.forms import BudgetForm, typed_dollars
from batchsite.teams.requests import TeamRequest


@require_http_methods(["GET", "POST"])
def member_budget(request: TeamRequest, membership_id: int) -> HttpResponse:
    found = request.team.memberships.select_related("user", "team")
    membership = get_object_or_404(found, pk=membership_id)
    initial = {"budget": typed_dollars(membership.budget_ticks)}
    form = BudgetForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        people.set_personal_budget(membership, form.ticks())
        security_log.record("personal_budget_set", request, person=membership.user_id, ticks=form.ticks())
        has_one = form.ticks() is not None
        messages.success(request, f"{membership.user}’s budget is {'set' if has_one else 'removed'}.")
        return redirect(f"{reverse('team')}#people")
    context = {
        "question": f"How much may {membership.user} spend in a month?",
        "verb": "Set the budget",
        "back": reverse("team"),
        "calm": True,
        "form": form,
        "spent": spent_this_month(request.team, membership.user),
        "person": membership.user,
    }
    return render(request, "home/member_budget.html", context, status=UNPROCESSABLE if form.errors else 200)
