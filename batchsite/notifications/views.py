"""Where notifications go: a person's own destinations, and the team's. Both have the same pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from batchsite.http import UNPROCESSABLE
from batchsite.notifications import destinations
from batchsite.notifications.delivery_log import log_of, standings
from batchsite.notifications.forms import FORMS, ChoiceForm
from batchsite.notifications.models import Channel, Destination
from batchsite.teams import security_log
from batchsite.teams.models import Team, User
from batchsite.teams.requests import TeamRequest, page_or_part


@dataclass(frozen=True)
class Owner:
    """Whose destinations a page is about. `prefix` begins the names of its URLs."""

    team: Team | None
    person: User | None
    prefix: str

    @property
    def page(self) -> str:
        return reverse(f"{self.prefix}s")


def owner_of(request: TeamRequest, *, of_team: bool) -> Owner:
    if of_team:
        return Owner(request.team, None, "team-notification")
    return Owner(None, request.user, "notification")


def _destination(owner: Owner, destination_id: int) -> Destination:
    found: Destination = get_object_or_404(
        destinations.destinations_of(owner.team, owner.person).select_related("created_by"), pk=destination_id
    )
    return found


@require_GET
def listed(request: TeamRequest, *, of_team: bool) -> HttpResponse:
    owner = owner_of(request, of_team=of_team)
    context = {
        "owner": owner,
        "standings": standings(destinations.destinations_of(owner.team, owner.person)),
        "channels": [(channel.value, channel.label) for channel in Channel if channel in FORMS],
    }
    return render(request, "notifications/notifications.html", context)


@sensitive_post_parameters("url")
@require_http_methods(["GET", "POST"])
def new(request: TeamRequest, channel: str, *, of_team: bool) -> HttpResponse:
    """Makes a destination. The secret of a webhook is shown in the answer, and never again."""
    owner = owner_of(request, of_team=of_team)
    if channel not in FORMS:
        raise Http404
    one = Destination(team=owner.team, person=owner.person, channel=channel, created_by=request.user)
    form = FORMS[channel](one, request.POST if request.method == "POST" else None)
    if form.is_valid():
        one.kinds, one.hint = form.cleaned_data["kinds"], form.hint
        one.of_others = form.cleaned_data.get("of_others", False)
        one.audience = form.cleaned_data.get("audience", one.audience)
        try:
            secret = destinations.create(one, form.address)
        except destinations.TooMany as refusal:
            form.add_error(None, str(refusal))
        else:
            security_log.record("destination_made", request, destination=one.pk, channel=channel)
            if secret:
                return _page(request, owner, one, secret=secret)
            messages.success(request, "Added. Send a test to see whether it arrives.")
            return redirect(f"{owner.prefix}", one.pk)
    context = {
        "owner": owner,
        "form": form,
        "label": Channel(channel).label,
        "channel": channel,
        "has_mail_server": bool(settings.OPTIONS.email_url),
    }
    return render(request, "notifications/new.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_http_methods(["GET", "POST"])
def one(request: TeamRequest, destination_id: int, *, of_team: bool) -> HttpResponse:
    """A destination: what is told there, and the log of its deliveries."""
    owner = owner_of(request, of_team=of_team)
    found = _destination(owner, destination_id)
    if request.method != "POST":
        return _page(request, owner, found)
    form = ChoiceForm(found, request.POST)
    if not form.is_valid():
        return _page(request, owner, found, form=form)
    destinations.set_choice(
        found,
        form.cleaned_data["kinds"],
        of_others=form.cleaned_data.get("of_others", False),
        audience=form.cleaned_data.get("audience", found.audience),
    )
    messages.success(request, "Saved.")
    return redirect(owner.prefix, found.pk)


def _page(request: TeamRequest, owner: Owner, found: Destination, **more: Any) -> HttpResponse:
    form = more.get("form")
    log = log_of(found)
    context = {
        "owner": owner,
        "destination": found,
        "log": log,
        "is_waiting": any(entry.is_moving for entry in log),
        "log_url": reverse(owner.prefix, args=[found.pk]),
        "has_mail_server": bool(settings.OPTIONS.email_url),
        "form": form or ChoiceForm(found),
        "secret": more.get("secret", ""),
    }
    part = "notifications/_log.html"
    if request.method == "GET":
        return page_or_part(request, "notifications/notification.html", part, context)
    return render(request, "notifications/notification.html", context, status=UNPROCESSABLE if form else 200)


@require_POST
def test(request: TeamRequest, destination_id: int, *, of_team: bool) -> HttpResponse:
    owner = owner_of(request, of_team=of_team)
    found = _destination(owner, destination_id)
    if destinations.send_test(found, request.team):
        messages.success(request, "A test was sent. See the log below for the result.")
    else:
        messages.warning(request, "A test was sent a moment ago. See the log below for the result.")
    return redirect(owner.prefix, found.pk)


@require_POST
def secret(request: TeamRequest, destination_id: int, *, of_team: bool) -> HttpResponse:
    """Gives a webhook a new secret, which is shown in the answer, and never again."""
    owner = owner_of(request, of_team=of_team)
    found = _destination(owner, destination_id)
    if found.channel != Channel.WEBHOOK:
        raise Http404
    made = destinations.rotate(found)
    security_log.record("destination_secret_changed", request, destination=found.pk)
    found.refresh_from_db()
    return _page(request, owner, found, secret=made)


@require_http_methods(["GET", "POST"])
def remove(request: TeamRequest, destination_id: int, *, of_team: bool) -> HttpResponse:
    owner = owner_of(request, of_team=of_team)
    found = _destination(owner, destination_id)
    if request.method == "POST":
        found.delete()
        security_log.record("destination_removed", request, destination=destination_id)
        messages.success(request, "Removed. Nothing is sent there any more.")
        return redirect(owner.page)
    context = {
        "question": f"Remove {found.get_channel_display()} {found.hint}?".replace(" ?", "?"),
        "what": "Nothing more is sent there, and its delivery log is deleted.",
        "verb": "Remove",
        "back": reverse(owner.prefix, args=[found.pk]),
    }
    return render(request, "confirm.html", context)


@require_POST
def again(request: TeamRequest, destination_id: int, delivery_id: int, *, of_team: bool) -> HttpResponse:
    """Sends a delivery again, under the id that it had."""
    owner = owner_of(request, of_team=of_team)
    found = _destination(owner, destination_id)
    if destinations.send_again(found, delivery_id):
        messages.success(request, "Sent again, with the same id.")
    elif found.deliveries.filter(pk=delivery_id).exists():
        messages.warning(request, "It was sent just now. Wait ten seconds, then try again.")
    else:
        raise Http404
    return redirect(owner.prefix, found.pk)
