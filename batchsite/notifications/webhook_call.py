"""A webhook by the Standard Webhooks convention: signed, to a public host only, and no redirect is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from django.conf import settings
from django.utils import timezone
from standardwebhooks import Webhook

from batchsite.datasets.web_address import ANY_PORT, NotFetched
from batchsite.datasets.web_fetch import Limits, Outgoing, answer_of
from batchsite.notifications.outcome_codes import DeliveryOutcome
from batchsite.timeouts import timeouts

GONE = 410
"""The status with which a server asks to be sent nothing more."""


@dataclass(frozen=True)
class WebhookCall:
    """One attempt, with all that it takes: it is made outside of any transaction."""

    webhook_id: str
    address: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)
    body: bytes = field(repr=False)

    def make(self) -> DeliveryOutcome:
        """Sends it. Redirects count as failures: a server that moved has to be changed here."""
        private = settings.OPTIONS.notify_private
        limits = Limits(0, "", private, (ANY_PORT,) if private else settings.OPTIONS.fetch_ports)
        sent = Outgoing("POST", self._headers(), self.body, timeouts().delivery)
        try:
            with answer_of(httpx.URL(self.address), limits, sent) as answer:
                return DeliveryOutcome(str(answer.status_code), is_delivered=answer.is_success)
        except NotFetched as error:
            return DeliveryOutcome(error.fault)

    def _headers(self) -> dict[str, str]:
        now = timezone.now()
        signatures = [Webhook(secret).sign(self.webhook_id, now, self.body.decode()) for secret in self.secrets]
        return {
            "Content-Type": "application/json",
            "User-Agent": "batchsite",
            "webhook-id": self.webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
