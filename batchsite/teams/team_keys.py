"""The team's xAI keys: added, replaced, renamed, made the default, removed. Each change wakes what waits for a key."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from batchsite.teams.accounts import AccountMissing, encrypt, keys_of
from batchsite.teams.models import FIRST_KEY, ProviderKey, Team, User
from batchsite.teams.signals import key_changed


def store_key(team: Team, key: str, provider_team_id: str, user: User | None, *, name: str = FIRST_KEY) -> ProviderKey:
    """Stores a key under a name, replacing one that has or had that name if it is of the same xAI team.

    Batches that refer to the record continue with it. The first key of a team is its default one.
    """
    with transaction.atomic():
        _lock(team)
        stored = keys_of(team).filter(name__iexact=name).first() or _removed(team, name, provider_team_id)
        stored = stored or ProviderKey(team=team)
        stored.name, stored.removed_at = name, None
        stored.is_default = stored.is_default or not keys_of(team).exists()
        _fill(stored, key, provider_team_id, user)
    return stored


def replace_key(stored: ProviderKey, key: str, provider_team_id: str, user: User | None) -> None:
    """Puts another key in its place. Raises AccountMissing if it was removed meanwhile."""
    with transaction.atomic():
        _lock(stored.team)
        _fill(_there(stored), key, provider_team_id, user)


def rename_key(stored: ProviderKey, name: str) -> None:
    """Raises AccountMissing if it was removed meanwhile. The name is not that of another key."""
    with transaction.atomic():
        _lock(stored.team)
        _there(stored)
        ProviderKey.objects.filter(pk=stored.pk).update(name=name)


def make_default(stored: ProviderKey) -> None:
    """Makes it pay by default. Raises AccountMissing if it was removed meanwhile."""
    with transaction.atomic():
        _lock(stored.team)
        _there(stored)
        ProviderKey.objects.filter(team=stored.team_id, is_default=True).update(is_default=False)
        ProviderKey.objects.filter(pk=stored.pk).update(is_default=True)


def remove_key(stored: ProviderKey) -> ProviderKey | None:
    """Erases it. Batches under it are held until one of the same xAI team is stored by its name, or they are moved.

    Returns the key that is the default one now. None if the team has no other.
    """
    with transaction.atomic():
        _lock(stored.team)
        gone = ProviderKey.objects.filter(pk=stored.pk, removed_at=None)
        gone.update(secret=None, is_default=False, removed_at=timezone.now())
        first = keys_of(stored.team).first()
        if first and not first.is_default:
            ProviderKey.objects.filter(pk=first.pk).update(is_default=True)
        send_key_changed(stored.team)
    return first


def send_key_changed(team: Team) -> None:
    transaction.on_commit(lambda: key_changed.send_robust(sender=Team, team=team), robust=True)


def _lock(team: Team) -> None:
    """One change of a team's keys at a time, so that one of them is the default one."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def _there(stored: ProviderKey) -> ProviderKey:
    found = keys_of(stored.team).filter(pk=stored.pk).first()
    if found is None:
        raise AccountMissing(f"The xAI key “{stored}” was removed meanwhile. Add it again.")
    return found


def _removed(team: Team, name: str, provider_team_id: str) -> ProviderKey | None:
    """Returns the key that was called so last. None if it was of another xAI team: its batches would wait for ever."""
    gone = ProviderKey.objects.filter(team=team, name__iexact=name).exclude(removed_at=None)
    last = gone.order_by("-removed_at", "-pk").first()
    known = last.provider_team_id if last else ""
    return None if known and provider_team_id and known != provider_team_id else last


def _fill(stored: ProviderKey, key: str, provider_team_id: str, user: User | None) -> None:
    stored.secret, stored.hint, stored.provider_team_id = encrypt(key), key[-4:], provider_team_id
    stored.set_by, stored.set_at = user, timezone.now()
    stored.save()
    send_key_changed(stored.team)
