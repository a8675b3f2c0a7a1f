"""What people are told of (news), where it goes (destinations), and what became of each delivery."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.models import Work
from batchsite.teams.models import Team, User


class Kind(models.TextChoices):
    """What a person chooses to be told of."""

    DONE = "done", "A batch is done, or was cancelled"
    FAILED = "failed", "A batch failed or expired"
    HELD = "held", "A batch is held and needs somebody"
    LINE = "line", "A budget threshold is crossed"
    TEST = "test", "A test"


CHOSEN_KINDS = (Kind.DONE, Kind.FAILED, Kind.HELD, Kind.LINE)


def _token() -> str:
    return secrets.token_hex(12)


class News(Work):
    """Something to tell: written in the transaction in which it happened, spread to its destinations by a worker."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    """Who submitted the batch."""
    batch = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    event = models.CharField(max_length=40)
    """The type for programs, such as `batch.completed`."""
    facts: models.JSONField[dict[str, object]] = models.JSONField(default=dict)
    """What a notification says, as it was then. The name of the batch is the only text of people in it."""
    token = models.CharField(max_length=24, default=_token)
    happened_at = models.DateTimeField(default=timezone.now, db_index=True)
    is_told = models.BooleanField(default=False)
    """Whether it was spread, and not dropped because it had passed by then."""

    def __str__(self) -> str:
        return f"{self.event} {self.pk}"


class Channel(models.TextChoices):
    MAIL = "mail", "E-mail"
    WEBHOOK = "webhook", "Webhook"
    CHAT = "chat", "Chat"


class Audience(models.TextChoices):
    """Whom a mail of the team goes to."""

    MANAGERS = "managers", "Admins and owners"
    EVERYONE = "everyone", "Everybody in the team"


class Destination(Work):
    """Where notifications go, of one person or of a team. What is secret is encrypted, and shown as a hint only."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="destinations")
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="destinations")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    kinds: models.JSONField[list[str]] = models.JSONField(default=list)
    of_others = models.BooleanField(default=False)
    """A person's: news about batches of others in their teams, too."""
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.MANAGERS)
    address = models.BinaryField(null=True)
    """The address of a webhook or chat, encrypted: it may hold a password."""
    hint = models.CharField(max_length=120, blank=True)
    """What is shown of the address."""
    secret = models.BinaryField(null=True)
    """What signs a webhook, encrypted."""
    old_secret = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    """Both secrets sign until then."""
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    """When something was last sent: mails are bundled for a while after it."""
    paused_at = models.DateTimeField(null=True)
    """When its server answered 410, which asks to be sent nothing more; nothing is."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(team__isnull=True, person__isnull=False) | Q(team__isnull=False, person__isnull=True),
                name="one_owner_of_a_destination",
            )
        ]

    def __str__(self) -> str:
        return self.hint or str(Channel(self.channel).label)

    @property
    def kind_words(self) -> list[str]:
        return [str(kind.label) for kind in CHOSEN_KINDS if kind in self.kinds]

    def has_old_secret(self, now: datetime) -> bool:
        return self.old_secret is not None and self.old_secret_until is not None and now < self.old_secret_until


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given up", "Given up"


class Delivery(models.Model):
    """One piece of news for one destination, with an id that stays the same however often it is sent."""

    news = models.ForeignKey(News, on_delete=models.CASCADE, related_name="deliveries")
    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="deliveries")
    webhook_id = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    """Since it was made or sent again by a person; decides how long until the next."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["news", "destination"], name="one_delivery_per_destination")]
        indexes = [
            models.Index(fields=["destination", "due_at"], condition=Q(due_at__isnull=False), name="due_deliveries"),
            models.Index(fields=["destination", "-id"], name="log_of_deliveries"),
        ]

    def __str__(self) -> str:
        return self.webhook_id


class Attempt(models.Model):
    """One try of a delivery: written before the call, its code after it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    code = models.CharField(max_length=24, blank=True)
    """A status of HTTP or SMTP, or the name of a fault. Blank: under way, or its process died."""
    took_ms = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempts_are_numbered")]

    def __str__(self) -> str:
        return f"{self.number}: {self.code}"
