"""Which account at the provider pays: the team's own key, else the environment's, else the sandbox."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from batchsite.teams.models import ProviderKey, Team, ToolServer
from batchsite.teams.signals import key_changed

if TYPE_CHECKING:
    from batchsite.teams.models import User


class AccountKind(models.TextChoices):
    """A batch keeps its kind for life, as only the account that made it can read it."""

    SANDBOX = "sandbox", "Sandbox"
    ENVIRONMENT = "environment", "Key of this installation"
    TEAM = "team", "Key of the team"


class AccountMissing(Exception):
    """The account has no usable key any more. The text says what to do."""


@dataclass(frozen=True)
class Account:
    """Where requests go and who pays. The key is left out of the repr, and so of logs."""

    kind: AccountKind
    base_url: str
    api_key: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Identifies the key where the provider's limits are counted, without revealing it."""
        return hashlib.sha256(f"{self.base_url} {self.api_key}".encode()).hexdigest()[:24]


def account_kind(team: Team) -> AccountKind:
    """The account that a batch started now would use."""
    if ProviderKey.objects.filter(team=team).exists():
        return AccountKind.TEAM
    is_paid_for = settings.OPTIONS.xai_api_key and team.may_use_installation_key
    return AccountKind.ENVIRONMENT if is_paid_for else AccountKind.SANDBOX


def account_of(team: Team, kind: str) -> Account:
    """The team's account of that kind with its current key. Raises AccountMissing."""
    if kind == AccountKind.SANDBOX:
        return Account(AccountKind.SANDBOX, sandbox_url(), sandbox_key())
    if kind == AccountKind.ENVIRONMENT:
        if not settings.OPTIONS.xai_api_key:
            raise AccountMissing("XAI_API_KEY is no longer set. Set it again and restart batchsite.")
        if not team.may_use_installation_key:
            raise AccountMissing(
                f"{team} may no longer use the key of this installation. Owners of the first team can allow it."
            )
        return Account(AccountKind.ENVIRONMENT, settings.OPTIONS.xai_api_base, settings.OPTIONS.xai_api_key)
    stored = ProviderKey.objects.filter(team=team).first()
    if stored is None:
        raise AccountMissing("The team’s xAI key was removed. Add it again on the Team page.")
    return Account(AccountKind.TEAM, settings.OPTIONS.xai_api_base, decrypt(bytes(stored.secret)))


def key_name(team_id: int, kind: str) -> str:
    """Returns the key of an account as the ledger names it: never more of it than its hint."""
    if kind != AccountKind.TEAM:
        return str(AccountKind(kind).label) if kind else ""
    stored = ProviderKey.objects.filter(team=team_id).first()
    return str(stored) if stored else str(AccountKind.TEAM.label)


def sandbox_url() -> str:
    """The URL of the sandbox. Under `manage.py up` it chooses a free port and writes it to a file."""
    port_file = Path(settings.DATA) / "run" / "sandbox.port"
    port = port_file.read_text().strip() if port_file.exists() else "8790"
    return f"http://127.0.0.1:{port}/v1"


def sandbox_key() -> str:
    """Returns the only key that the installation's sandbox accepts. The sandbox creates it at its first start.

    Without the file it is a fixed key, as a sandbox that was started by hand accepts any.
    """
    path = Path(settings.DATA) / "run" / "sandbox.key"
    return path.read_text().strip() if path.exists() else "sandbox-key"


def store_key(team: Team, key: str, provider_team_id: str, user: User | None) -> ProviderKey:
    """Stores or replaces the team's key, and sends `key_changed`."""
    values = {
        "secret": encrypt(key),
        "hint": key[-4:],
        "provider_team_id": provider_team_id,
        "set_by": user,
        "set_at": timezone.now(),
    }
    with transaction.atomic():
        stored, _ = ProviderKey.objects.update_or_create(team=team, defaults=values)
        send_key_changed(team)
    return stored


def remove_key(team: Team) -> None:
    """Deletes the team's key. Batches made with it are held until one of the same xAI team is set."""
    with transaction.atomic():
        ProviderKey.objects.filter(team=team).delete()
        send_key_changed(team)


def send_key_changed(team: Team) -> None:
    transaction.on_commit(lambda: key_changed.send_robust(sender=Team, team=team), robust=True)


def encrypt(text: str) -> bytes:
    return _fernet().encrypt(text.encode())


def encrypt_anew(secret: bytes) -> bytes:
    """Encrypts with the current SECRET_KEY what an earlier one encrypted. Raises InvalidToken."""
    return _fernet().rotate(secret)


def decrypt(secret: bytes) -> str:
    """Raises AccountMissing if the key was stored with another SECRET_KEY."""
    try:
        return _fernet().decrypt(secret).decode()
    except InvalidToken as error:
        raise AccountMissing(
            "The stored xAI key cannot be read: SECRET_KEY has changed. Enter the key again on the Team page."
        ) from error


def reencrypt_keys() -> tuple[int, list[Team]]:
    """Encrypts all stored keys and tokens with the current SECRET_KEY. Returns how many, and teams with unreadable."""
    count, unreadable = 0, list[Team]()
    for holder in (ProviderKey, ToolServer):
        some, unread = _reencrypt(holder)
        count, unreadable = count + some, [*unreadable, *(team for team in unread if team not in unreadable)]
    return count, unreadable


def _reencrypt(holder: type[ProviderKey] | type[ToolServer]) -> tuple[int, list[Team]]:
    count, unreadable = 0, []
    with_secret = holder._default_manager.exclude(secret=None)
    for pk in list(with_secret.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            stored = with_secret.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=pk)
            try:
                stored.secret = encrypt_anew(bytes(stored.secret or b""))
            except InvalidToken:
                unreadable.append(stored.team)
                continue
            stored.save(update_fields=["secret"])
            count += 1
    return count, unreadable


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"provider key: {key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
