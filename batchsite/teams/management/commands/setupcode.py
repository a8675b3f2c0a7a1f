"""`manage.py setupcode`: shows the code that the first visit asks for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from batchsite.setup import setup_code
from batchsite.teams.models import User


class Command(BaseCommand):
    help = "Show the code that is needed to create the first account of a server."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError("There is an account already, so no code is needed.")
        self.stdout.write(setup_code(settings.SECRET_KEY))
