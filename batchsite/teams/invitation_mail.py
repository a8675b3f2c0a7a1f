"""The mail with an invitation. Names come from people: they must not add lines or links."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from batchsite.teams.models import Invitation, Team, User
from batchsite.wording import plain_name

log = logging.getLogger(__name__)
MOST_A_DAY = 50
"""Invitations that a team may send by mail in a day: our server writes to strangers on its behalf."""
TEXT = """{who} invites you to the team {team} on batchsite.

Open this link to join. It works once, until {day}:

{link}

If you do not know {who}, do nothing.
"""


def has_sent_enough(team: Team) -> bool:
    """Whether the team sends no more by mail today."""
    since = timezone.now() + timedelta(days=13)
    return Invitation.objects.filter(team=team, expires_at__gt=since).exclude(email="").count() >= MOST_A_DAY


def send(invitation: Invitation, by: User) -> bool:
    """Sends the link to the invited person. Returns whether the mail server accepted it."""
    who, team = plain_name(by.name), plain_name(invitation.team.name)
    link = f"{settings.OPTIONS.root_url}{reverse('join', args=[invitation.token])}"
    text = TEXT.format(who=who, team=team, link=link, day=f"{invitation.expires_at:%-d %B %Y}")
    try:
        EmailMessage(f"{who} invites you to {team}", text, to=[invitation.email]).send()
    except (OSError, SMTPException) as error:
        log.error("mail could not be sent: %s", type(error).__name__)
        Invitation.objects.filter(pk=invitation.pk).update(email="")
        return False
    return True
