"""A mail with news: plain text, to people of the team or to the person whose destination it is."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from batchsite.notifications import news_words
from batchsite.notifications.models import Audience, Destination, News
from batchsite.notifications.outcome_codes import NO_MAIL_SERVER, NO_RECIPIENT, SENT, DeliveryOutcome
from batchsite.teams.models import Role, User

MOST_RECIPIENTS = 100


@dataclass(frozen=True)
class MailCall:
    """One mail; no recipient sees the others."""

    mail_id: str
    title: str
    text: str
    recipients: Sequence[str]

    def make(self) -> DeliveryOutcome:
        """Sends it. If it reaches some and not others it counts as failed, and is sent again under the same id."""
        if not settings.OPTIONS.email_url:
            return DeliveryOutcome(NO_MAIL_SERVER)
        if not self.recipients:
            return DeliveryOutcome(NO_RECIPIENT)
        mail = EmailMessage(self.title, self.text, bcc=self.recipients, headers=self._headers())
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            return DeliveryOutcome(str(next(iter(error.recipients.values()))[0]))
        except smtplib.SMTPResponseException as error:
            return DeliveryOutcome(str(error.smtp_code))
        except TimeoutError:
            return DeliveryOutcome("timeout")
        except ssl.SSLError:
            return DeliveryOutcome("certificate")
        except (smtplib.SMTPException, OSError):
            return DeliveryOutcome("unreachable")
        return DeliveryOutcome(SENT, is_delivered=True)

    def _headers(self) -> dict[str, str]:
        host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >")
        to = self.recipients[0] if len(self.recipients) == 1 else "undisclosed-recipients:;"
        return {"To": to, "Message-ID": f"<{self.mail_id}@{host}>", "Auto-Submitted": "auto-generated"}


def prepared(destination: Destination, mail_id: str, news: Sequence[News]) -> MailCall:
    """Returns the mail with these pieces of news."""
    page = reverse("team-notifications" if destination.team_id else "notifications")
    text = f"{news_words.text(news)}\n\n-- \nNotification settings: {settings.OPTIONS.root_url}{page}"
    return MailCall(mail_id, news_words.title(news), text, _recipients(destination))


def _recipients(destination: Destination) -> list[str]:
    people = User.objects.filter(is_active=True)
    if destination.person_id is not None:
        people = people.filter(pk=destination.person_id)
    else:
        roles = list(Role) if destination.audience == Audience.EVERYONE else [Role.ADMIN, Role.OWNER]
        people = people.filter(memberships__team=destination.team_id, memberships__role__in=roles)
    return list(people.order_by("pk").values_list("email", flat=True)[:MOST_RECIPIENTS])
