"""Which account at the provider pays: one of the team's own keys, else the environment's, else the sandbox."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet

from batchsite.teams.models import FIRST_KEY, ProviderKey, Team, ToolServer


class AccountKind(models.TextChoices):
    """A batch keeps its kind for life, as only the account that made it can read it."""

    SANDBOX = "sandbox", "Sandbox"
    ENVIRONMENT = "environment", "Key of this installation"
    TEAM = "team", "Key of the team"


def account_words(kind: str, key: str) -> str:
    """Returns what an account is called within a sentence. `key`: the name of the team's key."""
    if kind == AccountKind.TEAM:
        return f"the key “{key}”"
    return "the sandbox" if kind == AccountKind.SANDBOX else "the key of this installation"


class AccountMissing(Exception):
    """The account has no usable key any more. The text says what to do."""


@dataclass(frozen=True)
class Account:
    """Where requests go and who pays. The key is left out of the repr, and so of logs."""

    kind: AccountKind
    base_url: str
    api_key: str = field(repr=False)
    key_id: int | None = None
    """Which of the team's keys it is."""
    name: str = ""
    """The name of the team's key."""

    @property
    def words(self) -> str:
        """What it is called within a sentence."""
        return account_words(self.kind, self.name)

    @property
    def mark(self) -> str:
        """Names it in addresses and forms."""
        return f"{self.kind}-{self.key_id}" if self.key_id else str(self.kind)

    @property
    def fingerprint(self) -> str:
        """Identifies the key where the provider's limits are counted, without revealing it."""
        return hashlib.sha256(f"{self.base_url} {self.api_key}".encode()).hexdigest()[:24]


def keys_of(team: Team) -> QuerySet[ProviderKey]:
    """Returns the keys that the team has, the default one first."""
    return ProviderKey.objects.filter(team=team, removed_at=None).order_by("-is_default", "name", "pk")


def account_kind(team: Team) -> AccountKind:
    """The account that a batch started now would use."""
    if keys_of(team).exists():
        return AccountKind.TEAM
    is_paid_for = settings.OPTIONS.xai_api_key and team.may_use_installation_key
    return AccountKind.ENVIRONMENT if is_paid_for else AccountKind.SANDBOX


def payer_of(team: Team, key: ProviderKey | None = None) -> tuple[AccountKind, ProviderKey | None]:
    """Returns what to store with something that starts now: `key`, else the team's default key, else neither.

    Raises AccountMissing if `key` was removed.
    """
    if key is None:
        key = keys_of(team).first()
    elif not keys_of(team).filter(pk=key.pk).exists():
        raise AccountMissing(f"The xAI key “{key}” was removed. Choose another.")
    return (AccountKind.TEAM, key) if key else (account_kind(team), None)


def account_now(team: Team) -> Account:
    """The account that a batch started now would use. Raises AccountMissing."""
    return account_of(team, *payer_of(team))


def base_url_now(team: Team) -> str:
    """Returns where a batch started now would be sent, whether or not its key can be read."""
    return sandbox_url() if account_kind(team) == AccountKind.SANDBOX else settings.OPTIONS.xai_api_base


def account_of(team: Team, kind: str, key: ProviderKey | None) -> Account:
    """Returns the team's account of that kind; of its own keys, exactly that one. Raises AccountMissing."""
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
    if key is None or key.secret is None:
        name = key or FIRST_KEY
        raise AccountMissing(f"The team’s xAI key “{name}” was removed. Add it again by that name on the Team page.")
    secret = decrypt(bytes(key.secret))
    return Account(AccountKind.TEAM, settings.OPTIONS.xai_api_base, secret, key.pk, key.name)


def key_name(kind: str, key: ProviderKey | None) -> str:
    """Returns the key of an account as the ledger names it: never more than its hint."""
    if kind == AccountKind.TEAM and key:
        return key.name_and_hint
    return str(AccountKind(kind).label) if kind else ""


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


def encrypt(text: str) -> bytes:
    return _fernet().encrypt(text.encode())


def encrypt_anew(secret: bytes) -> bytes:
    """Re-encrypts with the current SECRET_KEY what an earlier one encrypted. Raises InvalidToken."""
    return _fernet().rotate(secret)


def decrypt(secret: bytes) -> str:
    """Raises AccountMissing if it was stored with another SECRET_KEY."""
    try:
        return _fernet().decrypt(secret).decode()
    except InvalidToken as error:
        raise AccountMissing(
            "The stored xAI key cannot be read: SECRET_KEY has changed. Enter the key again on the Team page."
        ) from error


def reencrypt_keys() -> tuple[int, list[Team]]:
    """Re-encrypts all stored keys and tokens. Returns how many, and the teams with unreadable ones."""
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
