"""`manage.py rotatekeys`: encrypts the stored xAI keys and other secrets with the current SECRET_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batchsite.teams import security_log
from batchsite.teams.accounts import reencrypt_keys
from batchsite.teams.signals import secret_key_changed


class Command(BaseCommand):
    """Exit status: 1 if a key could not be read."""

    help = "After changing SECRET_KEY: encrypt the stored xAI keys with the new one. Then remove SECRET_KEY_FALLBACKS."

    def handle(self, *args: Any, **options: Any) -> None:
        count, unreadable = reencrypt_keys()
        security_log.record("keys_rotated", None, count=count)
        self.stdout.write(f"Keys encrypted with the current SECRET_KEY: {count}.")
        answers: list[Any] = [answer for _, answer in secret_key_changed.send(sender=None)]
        if secrets := sum(done for done, _ in answers):
            self.stdout.write(f"Other secrets encrypted with the current SECRET_KEY: {secrets}.")
        if lost := [name for _, names in answers for name in names]:
            self.stderr.write(f"These cannot be read any more; remove them and add them again: {', '.join(lost)}.")
        if unreadable:
            names = ", ".join(str(team) for team in unreadable)
            raise CommandError(
                f"These teams have keys that no SECRET_KEY here can read: {names}. Put the former one into "
                "SECRET_KEY_FALLBACKS and run this again, or enter the keys again."
            )
