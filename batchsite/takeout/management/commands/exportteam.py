"""`manage.py exportteam TEAM FOLDER`: everything that a team owns, as a folder of files with a manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from batchsite.takeout import contents, manifest
from batchsite.takeout.zip_parts import Member
from batchsite.teams import security_log
from batchsite.teams.models import Team


class Command(BaseCommand):
    help = "Write everything that a team owns into a new folder, with a manifest. See docs/operations.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("team", help="the team's number, or its exact name")
        parser.add_argument("folder", type=Path, help="a folder that is empty or does not exist yet")

    def handle(self, *args: Any, team: str, folder: Path, **options: Any) -> None:
        os.umask(0o077)
        found = _team(team)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise CommandError(f"{folder} is not empty. Name a folder that does not exist yet.")
            begun = timezone.now()
            entries = list(_write_all(found, folder))
            last = manifest.pieces(found, begun, timezone.now(), entries)
            _write(folder, Member(manifest.NAME, manifest.WHAT, last))
        except OSError as error:
            raise CommandError(f"Not finished, so there is no {manifest.NAME}: {error}.") from error
        security_log.record("everything_exported", None, team=found.pk)
        files, records = len(entries), sum(entry["count"] or 0 for entry in entries)
        self.stdout.write(f"Wrote {files:,} files with {records:,} records of {found} to {folder}.")


def _team(text: str) -> Team:
    """Raises CommandError."""
    named = list(Team.objects.filter(name=text)[:2])
    if len(named) > 1:
        raise CommandError(f"Several teams are called {text}. Give the number of one.")
    team = named[0] if named else Team.objects.filter(pk=int(text)).first() if text.isdigit() else None
    if team is None:
        known = ", ".join(f"{one.pk} “{one.name}”" for one in Team.objects.order_by("pk")[:20])
        raise CommandError(f"There is no team {text}. There are: {known or 'none'}.")
    return team


def _write_all(team: Team, folder: Path) -> Iterator[dict[str, Any]]:
    for kind in contents.KINDS:
        after = 0
        while thing := contents.next_of(team, kind, after):
            after, members = thing
            for member in members:
                yield _write(folder, member)


def _write(folder: Path, member: Member) -> dict[str, Any]:
    path, digest, size = folder / member.path, hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for piece in member.pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    told = {"path": member.path, "what": member.what, "count": member.count}
    return told | {"size": size, "sha256": digest.hexdigest()}
