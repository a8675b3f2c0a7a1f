"""`manage.py exportteam TEAM FOLDER`: everything that a team owns, as a folder of files with a manifest.

The folder records what was written, unit by unit, so that the same command continues where it was stopped.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from batchsite.takeout import contents, manifest
from batchsite.takeout.contents import Place
from batchsite.takeout.zip_parts import Member
from batchsite.teams import security_log
from batchsite.teams.models import Team

NOTES = "unfinished.jsonl"


class Command(BaseCommand):
    help = (
        "Write everything that a team owns into a new folder, with a manifest; the same again goes on where it was "
        "stopped. See docs/operations.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("team", help="the team's number, or its exact name")
        parser.add_argument("folder", type=Path, help="a folder that is empty, does not exist yet, or is unfinished")

    def handle(self, *args: Any, team: str, folder: Path, **options: Any) -> None:
        os.umask(0o077)
        found = _team(team)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            notes = _notes(found, folder)
            _write_all(found, folder, notes)
            last = manifest.pieces(found, notes.begun_at, timezone.now(), notes.files)
            _write(folder, Member(manifest.NAME, manifest.WHAT, last))
            (folder / NOTES).unlink()
        except OSError as error:
            raise CommandError(
                f"Not finished, so there is no {manifest.NAME}: {error}. The same command goes on where it stopped."
            ) from error
        security_log.record("everything_exported", None, team=found.pk)
        files, records = len(notes.files), sum(entry["count"] or 0 for entry in notes.files)
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


# ---- how far it came -----------------------------------------------------------------------------------------


@dataclass
class Notes:
    """The record in an unfinished folder: a line for its beginning, and one for each unit."""

    begun_at: datetime
    kind: str = ""
    place: Place = field(default_factory=Place)
    files: list[dict[str, Any]] = field(default_factory=list)


def _notes(team: Team, folder: Path) -> Notes:
    """Returns the progress of an unfinished folder, or begins an empty one. Raises CommandError."""
    path = folder / NOTES
    if not any(folder.iterdir()):
        notes = Notes(timezone.now())
        _note(folder, {"team_id": team.pk, "begun_at": notes.begun_at})
        return notes
    if not path.exists():
        raise CommandError(f"{folder} is not empty. Name a folder that does not exist yet.")
    whole, _, torn = path.read_bytes().rpartition(b"\n")  # a line that was cut off counts as not written
    os.truncate(path, path.stat().st_size - len(torn))
    head, *units = list[dict[str, Any]](map(orjson.loads, whole.splitlines() or [b"{}"]))
    if head.get("team_id") != team.pk:
        raise CommandError(f"{folder} has an unfinished export of another team. Name another folder.")
    files = [file for unit in units for file in unit["files"]]
    last = units[-1] if units else {}
    place = Place(last.get("after", 0), last.get("row", 0))
    return Notes(datetime.fromisoformat(head["begun_at"]), last.get("kind", ""), place, files)


def _note(folder: Path, facts: dict[str, Any]) -> None:
    with (folder / NOTES).open("ab") as file:
        file.write(orjson.dumps(facts, option=orjson.OPT_APPEND_NEWLINE))
        file.flush()
        os.fsync(file.fileno())


# ---- writing -------------------------------------------------------------------------------------------------


def _write_all(team: Team, folder: Path, notes: Notes) -> None:
    for kind, place, members in _units(team, notes):
        files = [_write(folder, member) for member in members]
        _note(folder, {"kind": kind, "after": place.after, "row": place.row, "files": files})
        notes.files += files


def _units(team: Team, notes: Notes) -> Iterator[tuple[str, Place, list[Member]]]:
    kinds = list(contents.KINDS)
    for kind in kinds[kinds.index(notes.kind) if notes.kind else 0 :]:
        place = notes.place if kind == notes.kind else Place()
        while unit := contents.next_of(team, kind, place, notes.begun_at):
            place, members = unit
            yield kind, place, members


def _write(folder: Path, member: Member) -> dict[str, Any]:
    """Writes a file. The disk has it when this returns."""
    path, digest, size = folder / member.path, hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for piece in member.pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    told = {"path": member.path, "what": member.what, "count": member.count}
    return told | {"size": size, "sha256": digest.hexdigest()}
