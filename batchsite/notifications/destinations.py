"""Destinations: made, changed, removed; secrets made and changed; tests and repeated deliveries."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from batchsite.notifications.models import Channel, Delivery, DeliveryState, Destination, Kind, News
from batchsite.teams.accounts import AccountMissing, decrypt, encrypt, encrypt_anew
from batchsite.teams.models import Team, User

MOST = 10
"""Destinations of a person, or of a team."""
BOTH_SECRETS = timedelta(days=1)
PAUSE = timedelta(seconds=10)
"""Time between two deliveries that a person triggers."""
_SEALED = ("address", "secret", "old_secret")


class TooMany(Exception):
    """The owner has the maximum number of destinations."""

    def __init__(self) -> None:
        super().__init__(f"There are {MOST} already, which is the limit. Remove one first.")


class Unreadable(Exception):
    """A secret was stored with another SECRET_KEY."""


def destinations_of(team: Team | None, person: User | None) -> QuerySet[Destination]:
    """Those of a team, or of a person: one of the two is given."""
    return Destination.objects.filter(team=team, person=person).order_by("pk")


def create(destination: Destination, address: str) -> str:
    """Stores a new destination. Returns the secret of a webhook, which is shown this once; "" for others.

    Raises TooMany.
    """
    if destinations_of(destination.team, destination.person).count() >= MOST:
        raise TooMany
    destination.address = encrypt(address) if address else None
    secret = new_secret() if destination.channel == Channel.WEBHOOK else ""
    destination.secret = encrypt(secret) if secret else None
    destination.save()
    return secret


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def rotate(destination: Destination) -> str:
    """Gives a webhook a new secret, and returns it. For a day deliveries are signed with both."""
    secret = new_secret()
    with transaction.atomic():
        locked = Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)
        locked.old_secret, locked.secret = locked.secret, encrypt(secret)
        locked.old_secret_until = timezone.now() + BOTH_SECRETS
        locked.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return secret


def secrets_of(destination: Destination) -> list[str]:
    """Returns the secrets that sign now, the newest first. Raises Unreadable."""
    kept = [destination.secret]
    if destination.has_old_secret(timezone.now()):
        kept.append(destination.old_secret)
    return [unseal(one) for one in kept if one is not None]


def unseal(sealed: bytes | memoryview) -> str:
    """Raises Unreadable."""
    try:
        return decrypt(bytes(sealed))
    except AccountMissing as error:
        raise Unreadable from error


def set_choice(destination: Destination, kinds: Iterable[str], *, of_others: bool, audience: str) -> None:
    """Changes which news go there."""
    values = {"kinds": [*kinds], "of_others": of_others, "audience": audience, "paused_at": None}
    Destination.objects.filter(pk=destination.pk).update(**values)


def send_test(destination: Destination, team: Team) -> bool:
    """Has a test delivered there. False if one was sent just now: the server may be anybody's."""
    now = timezone.now()
    tests = Delivery.objects.filter(destination=destination, news__kind=Kind.TEST)
    with transaction.atomic():
        Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)
        if tests.filter(Q(created_at__gt=now - PAUSE) | Q(attempts__started_at__gt=now - PAUSE)).exists():
            return False
        if not tests.filter(state=DeliveryState.WAITING).update(due_at=now, tries=0):
            news = News.objects.create(team=team, kind=Kind.TEST, event="test", facts={"team": team.name}, is_told=True)
            Delivery.objects.create(
                news=news, destination=destination, webhook_id=webhook_id(news, destination), due_at=now
            )
        Destination.objects.filter(pk=destination.pk).update(next_look_at=now, paused_at=None)
    return True


def webhook_id(news: News, destination: Destination) -> str:
    """Returns the id of a delivery, by which receivers recognise repeats."""
    return f"msg_{news.token}{destination.pk}"


def send_again(destination: Destination, delivery_id: int) -> bool:
    """Has a delivery sent again, under the same id. False if there is none, or it was sent just now."""
    now = timezone.now()
    with transaction.atomic():
        ended = Delivery.objects.filter(destination=destination, pk=delivery_id)
        ended = ended.exclude(attempts__started_at__gt=now - PAUSE)
        if not ended.update(state=DeliveryState.WAITING, due_at=now, tries=0):
            return False
        Destination.objects.filter(pk=destination.pk).update(next_look_at=now, paused_at=None)
    return True


def encrypt_all_anew() -> tuple[int, list[str]]:
    """Encrypts every secret with the current SECRET_KEY. Returns how many, and the names of unreadable ones."""
    count, unreadable = 0, []
    for pk in list(Destination.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            locked = Destination.objects.select_for_update(no_key=True).get(pk=pk)
            kept = {name: sealed for name in _SEALED if (sealed := getattr(locked, name)) is not None}
            try:
                anew = {name: encrypt_anew(bytes(sealed)) for name, sealed in kept.items()}
            except InvalidToken:
                unreadable.append(f"{locked.get_channel_display()} {locked}")
                continue
            if anew:
                Destination.objects.filter(pk=pk).update(**anew)
                count += len(anew)
    return count, unreadable
