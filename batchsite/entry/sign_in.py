"""The limits on wrong passwords. They are counted in the database, so that all processes count the same."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from batchsite.teams.models import SignInFailure, User

WINDOW = timedelta(minutes=15)
MOST_FAILURES = 10
"""Wrong passwords for one account from one address in `WINDOW`."""
MOST_OF_AN_ADDRESS = 50
"""The same for all accounts: an office may share one address, and a list of e-mails is tried from one."""
MOST_OF_AN_ACCOUNT = 100
"""The same from all addresses. High, as anybody could use it up to lock a person out."""


class TooManyTries(Exception):
    """Refused for a while, even with the right password. The message says until when."""

    def __init__(self, wait: timedelta, of: str) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        minutes = math.ceil(self.seconds / 60)
        when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
        super().__init__(f"Too many wrong {of}. Try again {when}.")


def is_password_of(user: User, password: str, address: str) -> bool:
    """Whether it is the person's password. Raises TooManyTries."""
    failure = count_try(user.email, address)
    is_right = user.check_password(password)
    if is_right:
        forget(failure)
    return is_right


def count_try(email: str, address: str, of: str = "passwords") -> SignInFailure:
    """Records the attempt as failed before the password is checked, so that parallel attempts gain nothing.

    Raises TooManyTries, and then records nothing: trying again does not lengthen the wait.
    """
    account, network, now = email.strip().lower(), _network(address), timezone.now()
    SignInFailure.objects.filter(at__lte=now - WINDOW).delete()
    failure = SignInFailure.objects.create(
        who=_hash(f"{account} {network}"), account=_hash(account), address=_hash(network), at=now
    )
    wait = _wait(failure, now)
    if wait is not None:
        failure.delete()
        raise TooManyTries(wait, of)
    return failure


def _wait(failure: SignInFailure, now: datetime) -> timedelta | None:
    """Returns how long until every limit allows another attempt. None if all do now."""
    same = Q(who=failure.who) | Q(account=failure.account) | Q(address=failure.address)
    failures = list(SignInFailure.objects.filter(same).order_by("at"))
    waits = []
    for key, most in (("who", MOST_FAILURES), ("address", MOST_OF_AN_ADDRESS), ("account", MOST_OF_AN_ACCOUNT)):
        times = [other.at for other in failures if getattr(other, key) == getattr(failure, key)]
        if len(times) > most:
            waits.append(times[-most - 1] + WINDOW - now)
    return max(waits, default=None)


def count_code(user: User) -> SignInFailure:
    """Records an attempt at a second-step code, from any address: whoever guesses already knows the password.

    Raises TooManyTries.
    """
    account = f"second step of {user.pk}"
    return count_try(account, account, "codes")


def forget(failure: SignInFailure) -> None:
    """Clears the account's failed sign-ins from this address, after a correct password."""
    SignInFailure.objects.filter(who=failure.who).delete()


def _network(address: str) -> str:
    """Returns what counts as one address: an IPv6 customer has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
