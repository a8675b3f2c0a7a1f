"""`manage.py rotatekeys`: encrypts stored xAI keys and second steps with the current SECRET_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batchsite.entry.second_step import reencrypt_second_steps
from batchsite.teams.accounts import reencrypt_keys


class Command(BaseCommand):
    """Exit status: 1 if a key or a second step could not be read."""

    help = "After changing SECRET_KEY: encrypt the stored xAI keys with the new one. Then remove SECRET_KEY_FALLBACKS."

    def handle(self, *args: Any, **options: Any) -> None:
        count, unreadable = reencrypt_keys()
        self.stdout.write(f"Keys encrypted with the current SECRET_KEY: {count}.")
        steps, locked_out = reencrypt_second_steps()
        self.stdout.write(f"Second steps encrypted with it: {steps}.")
        if unreadable:
            names = ", ".join(str(team) for team in unreadable)
            raise CommandError(
                f"These teams have keys that no SECRET_KEY here can read: {names}. Put the former one into "
                "SECRET_KEY_FALLBACKS and run this again, or enter the keys again."
            )
        if locked_out:
            raise CommandError(
                f"The second steps of these accounts cannot be read: {', '.join(locked_out)}. Put the former "
                "SECRET_KEY into SECRET_KEY_FALLBACKS and run this again."
            )
