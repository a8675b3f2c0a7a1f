"""Deleting a team: requested by an owner, and done by a worker after seven days unless it is taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from batchsite.teams.models import Team, User
from batchsite.teams.people import runs_installation

WAIT = timedelta(days=7)


class MayNotBeDeleted(Exception):
    """The text says why, and what to do."""


def ask_for_deletion(team: Team, user: User) -> datetime:
    """Has the team deleted after seven days. Returns when. Raises MayNotBeDeleted."""
    with transaction.atomic():
        team = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        if runs_installation(team):
            raise MayNotBeDeleted(
                "This installation was set up with this team: its owners run the installation, so it stays."
            )
        if team.delete_at is None:
            team.delete_at, team.delete_asked_by = timezone.now() + WAIT, user
            team.save(update_fields=["delete_at", "delete_asked_by"])
        return team.delete_at


def take_back(team: Team) -> bool:
    """Keeps a team that was to be deleted. Returns False if the seven days are over: a worker may be deleting it."""
    waiting = Team.objects.filter(pk=team.pk, delete_at__gt=timezone.now())
    return bool(waiting.update(delete_at=None, delete_asked_by=None))
