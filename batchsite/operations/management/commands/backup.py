"""`manage.py backup FOLDER`: a copy of this whole installation, made while it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from batchsite.operations.backup import CannotBackUp, back_up
from batchsite.operations.findings import size
from batchsite.teams import security_log


class Command(BaseCommand):
    help = "Copy database, uploads and secret key into a new folder while batchsite runs. See docs/operations.md."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that does not exist yet")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        os.umask(0o077)
        try:
            made = back_up(folder)
        except CannotBackUp as error:
            raise CommandError(str(error)) from error
        security_log.record("backed_up", None)
        self.stdout.write(f"Backed up to {folder}: the database and {made.uploads:,} uploads, {size(made.bytes)}.")
        if os.environ.get("SECRET_KEY"):
            self.stdout.write(
                "SECRET_KEY is in the environment, not in the backup. Keep it: without it stored xAI keys are lost."
            )
        self.stdout.write(
            "To restore (docs/operations.md, “Restore”): stop batchsite and start it on a copy of the folder:"
        )
        self.stdout.write(f"  cp -a {folder} NEW && BATCHSITE_DATA=NEW make run")
