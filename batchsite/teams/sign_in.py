"""Signing in with a password, and the limit on wrong ones."""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta

from django.contrib.auth import authenticate
from django.utils import timezone

from batchsite.teams.models import SignInFailure, User

MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)


class SignInRefused(Exception):
    """The person is not signed in. The text tells them why."""

    status = 422


class TooManyTries(SignInRefused):
    """Refused for a while, even with the right password."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        minutes = math.ceil(self.seconds / 60)
        when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
        super().__init__(f"Too many wrong passwords for this e-mail. Try again {when}.")


def sign_in_as(email: str, password: str, address: str) -> User:
    """The person behind e-mail and password. Raises SignInRefused.

    The try is counted before the password is looked at, so that many at once gain nothing; a right password
    clears the count. Counted per e-mail and address: a stranger elsewhere cannot lock the owner out.
    """
    who = hashlib.sha256(f"{email.strip().lower()} {address}".encode()).hexdigest()
    now = timezone.now()
    SignInFailure.objects.filter(at__lte=now - WINDOW).delete()
    this = SignInFailure.objects.create(who=who, at=now)
    times = list(SignInFailure.objects.filter(who=who).order_by("at").values_list("at", flat=True)[: MOST_FAILURES + 1])
    if len(times) > MOST_FAILURES:
        this.delete()
        raise TooManyTries(times[0] + WINDOW - now)
    user = authenticate(username=email, password=password)
    if not isinstance(user, User):
        raise SignInRefused("E-mail and password do not match. Check both; passwords are case-sensitive.")
    SignInFailure.objects.filter(who=who).delete()
    return user
