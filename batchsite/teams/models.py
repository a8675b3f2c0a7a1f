"""People, the teams that own everything, and their keys at the provider."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Finds users by e-mail, ignoring case."""

    def create_user(self, email: str, password: str, name: str = "") -> User:
        user = self.model(email=email.strip().lower(), name=name.strip())
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person, who signs in with e-mail and password. Their memberships decide what they may see."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    session_epoch = models.PositiveIntegerField(default=0)
    """Raised to end all sessions of the person."""

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Ties a session to the password, and to the epoch once that was raised."""
        by_password: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.session_epoch:
            return by_password
        return hashlib.sha256(f"{by_password} {self.session_epoch}".encode()).hexdigest()


class Team(models.Model):
    """The owner of datasets, batches and keys. Every query starts from one."""

    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    may_use_installation_key = models.BooleanField(default=True)
    """Whether XAI_API_KEY pays for a team without a key of its own."""
    budget_ticks = models.PositiveBigIntegerField(null=True, blank=True)
    """Limit of spending in a calendar month (UTC), in ticks. Null: no limit."""
    near_budget_in = models.CharField(max_length=7, blank=True)
    """The month (`2026-11`) in which it was last said that the budget's soft line is passed."""
    delete_at = models.DateTimeField(null=True, blank=True)
    """When a worker removes it with everything in it; until then it can be looked at and taken back."""
    delete_asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person may do. The label is shown where a role is chosen."""

    OWNER = "owner", "Owner: everything, including the team itself and other owners"
    ADMIN = "admin", "Admin: also people, the xAI key and the budget"
    MEMBER = "member", "Member: uploads datasets, runs batches, reviews answers"
    VIEWER = "viewer", "Viewer: looks at results and downloads them; spends nothing"

    @property
    def word(self) -> str:
        return self.label.split(":")[0]

    @property
    def with_article(self) -> str:
        """`an owner`, `a viewer`."""
        return f"{'an' if self.value[0] in 'ao' else 'a'} {self.value}"


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now)
    by_group = models.BooleanField(default=False)
    """Whether a group of the single sign-on gave the role; then it ends with the group."""
    seen_at = models.DateTimeField(null=True, blank=True)
    """When the person last opened the dashboard."""
    seen_before = models.DateTimeField(null=True, blank=True)
    """When their previous visit ended; what ended since then is news to them."""
    budget_ticks = models.PositiveBigIntegerField(null=True, blank=True)
    """Limit of what the person spends of the team's money in a calendar month (UTC). Null: no limit of their own."""
    near_budget_in = models.CharField(max_length=7, blank=True)
    """As for the team."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER

    @property
    def role_word(self) -> str:
        return Role(self.role).word.lower()


def _invitation_token() -> str:
    return secrets.token_urlsafe(24)


def _in_two_weeks() -> datetime:
    return timezone.now() + timedelta(days=14)


class Invitation(models.Model):
    """A link that lets one person join. Void once used or expired."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    token = models.CharField(max_length=40, unique=True, default=_invitation_token)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(blank=True)
    """Where the link was sent by mail. Empty: to nobody, whoever made it hands it on."""
    expires_at = models.DateTimeField(default=_in_two_weeks)
    used_at = models.DateTimeField(null=True, blank=True)
    """Set once, by compare-and-set. Stays if the account of `used_by` is deleted."""
    used_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"invitation to {self.team}"


FIRST_KEY = "Team key"
"""The name of a team's key that nobody named."""


class ProviderKey(models.Model):
    """One of a team's own xAI keys, encrypted and never shown again.

    Batches refer to the record. Replacing the key keeps the record, so they continue; removing it, too, so they wait.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="provider_keys")
    name = models.CharField(max_length=40, default=FIRST_KEY)
    is_default = models.BooleanField(default=False)
    """Whether it pays where nobody chose. Of the keys that a team has, one is."""
    secret = models.BinaryField(null=True)
    """Null once it is removed."""
    hint = models.CharField(max_length=12)
    """The last four characters, to tell keys apart."""
    provider_team_id = models.CharField(max_length=64, blank=True)
    """xAI's team behind the key: a batch can only be read by keys of the team that made it (facts 1.1)."""
    set_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "team", Lower("name"), condition=models.Q(removed_at=None), name="one_key_per_name"
            ),
            models.UniqueConstraint(
                fields=["team"], condition=models.Q(is_default=True), name="one_default_key_per_team"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name_and_hint(self) -> str:
        """As the ledger names it: it tells apart the keys that had the name in turn."""
        return f"{self.name} …{self.hint}" if self.hint else self.name


class SignInFailure(models.Model):
    """One wrong password. Counted for a quarter of an hour, then deleted. The three keys are hashes."""

    who = models.CharField(max_length=64, db_index=True)
    """E-mail and address together."""
    account = models.CharField(max_length=64, db_index=True, default="")
    address = models.CharField(max_length=64, db_index=True, default="")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.who


class ToolServer(models.Model):
    """A remote MCP server that the team approved, and that its rows may use as a tool (facts 6.5).

    It never changes, so what a batch sends stays the same, byte for byte. Another token is another server.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tool_servers")
    label = models.CharField(max_length=40)
    """xAI puts it before the names of the server's tools."""
    url = models.CharField(max_length=500)
    sentence = models.CharField(max_length=300, blank=True)
    """What it offers, for people who choose it and for the model."""
    secret = models.BinaryField(null=True)
    """The token that xAI shows to the server, encrypted. Null where it asks for none, and once it is removed."""
    hint = models.CharField(max_length=12, blank=True)
    approved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    approved_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "label"], condition=models.Q(removed_at=None), name="one_server_per_label"
            )
        ]

    def __str__(self) -> str:
        return self.label
