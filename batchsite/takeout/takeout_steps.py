"""A takeout from the request to its end: asked for, written part by part by workers, removed after a week."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.gallery.models import GeneratedPicture
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, enqueue, take_due
from batchsite.takeout import contents, manifest
from batchsite.takeout.contents import Place
from batchsite.takeout.models import Takeout, TakeoutPart
from batchsite.takeout.zip_parts import Beat, Member, bytes_of, directory, write_part
from batchsite.teams.models import Team, User
from batchsite.wording import size
from batchsite.workbooks.disk_room import RESERVE

KEPT = timedelta(days=7)
SECONDS = 5.0
"""After which a step begins no other unit."""
EVERY, ROOM_EVERY = 5.0, 32_000_000
"""Seconds and bytes between two extensions of the lease, and two looks at the disk."""
ANSWER = 400
"""Bytes of a row of results beside its cells and its answer, and four of a token: for the estimate alone."""
THING = 3_000
"""Bytes of what is written of any dataset or batch, for the estimate alone."""
KINDS = list(contents.KINDS)


class NoRoom(Exception):
    """The text says why, and what to do."""


def estimated_bytes(team: Team) -> int:
    """Returns about how large the takeout gets: texts pack to a quarter, uploads as they are."""
    uploads = Dataset.objects.filter(team=team, deleted_at=None).aggregate(sum=Sum("size"))["sum"] or 0
    pictures = GeneratedPicture.objects.filter(batch__team=team).aggregate(sum=Sum("size"))["sum"] or 0
    batches = Batch.objects.filter(team=team, deleted_at=None, total__gt=0)
    sums = batches.aggregate(rows=Sum("total"), tokens=Sum("completion_tokens"), cells=Sum("dataset__size"))
    texts = uploads + ANSWER * (sums["rows"] or 0) + 4 * (sums["tokens"] or 0) + (sums["cells"] or 0)
    return int(uploads + pictures + texts / 4) + THING * contents.count_of(team)


def free_bytes() -> int:
    """Returns the room on the disk that a takeout may fill."""
    return max(0, shutil.disk_usage(settings.MEDIA_ROOT).free - RESERVE)


def latest(team: Team) -> Takeout | None:
    found = Takeout.objects.filter(team=team, created_at__gt=timezone.now() - KEPT).select_related("asked_by")
    return found.order_by("-pk").first()


def ask(team: Team, user: User | None) -> Takeout:
    """Requests a takeout of everything that a team owns, replacing an earlier one. Raises NoRoom."""
    needed, free = estimated_bytes(team), free_bytes()
    if needed > free:
        raise NoRoom(
            f"This takes about {size(needed)}, and {size(free)} can be used on the disk. Ask whoever runs batchsite."
        )
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        for former in Takeout.objects.filter(team=team):
            if former.is_building:
                return former
            former.delete()
        now = timezone.now()
        takeout = Takeout.objects.create(team=team, asked_by=user, next_look_at=now, total=contents.count_of(team))
    for mine in _take(now, Takeout.objects.filter(pk=takeout.pk)):
        enqueue(_job(mine))
    return takeout


def remove(takeout: Takeout) -> None:
    """Removes it, ready or not. A worker that is writing it loses its lease."""
    Takeout.objects.filter(pk=takeout.pk).delete()


def pieces_of(takeout: Takeout) -> Iterator[bytes]:
    """Yields the zip."""
    for name in takeout.parts.order_by("number").values_list("filename", flat=True):
        yield from bytes_of(takeout.folder / name)


def due(now: datetime) -> Iterable[Job]:
    for takeout in _take(now, Takeout.objects.all()):
        yield _job(takeout)
    if Takeout.objects.filter(created_at__lt=now - KEPT).exists():
        yield Job("batchsite.takeout.tasks.clear_old", is_hint=True)


def clear_old() -> None:
    for takeout in Takeout.objects.filter(created_at__lt=timezone.now() - KEPT)[:20]:
        takeout.delete()


def _take(now: datetime, takeouts: QuerySet[Takeout]) -> list[Takeout]:
    return take_due(takeouts, now, team="team", lane=lambda _: "long", slots=Takeout.objects.all())


def _job(takeout: Takeout) -> Job:
    return Job("batchsite.takeout.tasks.build", (takeout.pk,), "long")


# ---- the step ------------------------------------------------------------------------------------------------


def build_step(takeout_id: int) -> None:
    """Writes the next units for a few seconds. Raises Busy, LeaseLost."""
    with claimed(Takeout, takeout_id) as claim:
        takeout = Takeout.objects.select_related("team").get(pk=claim.pk)
        if not takeout.is_building:
            return
        claim.next_look_at = timezone.now()
        try:
            end_in_words(
                claim, lambda: _write_for_a_while(claim, takeout), lambda why: _give_up(claim, f"Writing it {why}.")
            )
        except NoRoom as error:
            _give_up(claim, str(error))


def _write_for_a_while(claim: Claim[Takeout], takeout: Takeout) -> None:
    takeout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if takeout.kind >= len(KINDS):
            _finish(claim, takeout)
            return
        place = Place(takeout.after, takeout.row)
        unit = contents.next_of(takeout.team, KINDS[takeout.kind], place, takeout.created_at)
        if unit is None:
            takeout.kind, takeout.after, takeout.row = takeout.kind + 1, 0, 0
            continue
        place, members = unit
        part = _written(claim, takeout, members)
        with claim.locked() as fresh:
            fresh.kind, fresh.after, fresh.row, fresh.things = takeout.kind, place.after, place.row, fresh.things + 1
            fresh.size += part.size
            fresh.total = max(fresh.total, fresh.things)
            part.number = fresh.parts.count()
            part.save()
            fresh.save(update_fields=["kind", "after", "row", "things", "total", "size"])
        takeout.after, takeout.row = place.after, place.row


def _written(claim: Claim[Takeout], takeout: Takeout, members: Iterable[Member]) -> TakeoutPart:
    """Writes files into a uniquely named part, so a worker that lost its lease never writes into another's file."""
    path = takeout.folder / f"{secrets.token_hex(8)}.part"
    entries = write_part(path, members, _beat(claim, takeout.folder))
    found = [entry.as_json() for entry in entries]
    return TakeoutPart(takeout=takeout, filename=path.name, size=path.stat().st_size, entries=found)


def _beat(claim: Claim[Takeout], folder: Path) -> Beat:
    """Extends the lease, and looks at the disk, now and then while something is written."""
    extended, since = time.monotonic(), ROOM_EVERY

    def beat(count: int) -> None:
        nonlocal extended, since
        since += count
        if since >= ROOM_EVERY:
            since = 0
            if shutil.disk_usage(folder).free < RESERVE:
                raise NoRoom("The disk is nearly full. Ask whoever runs batchsite to make room, then try again.")
        if time.monotonic() - extended >= EVERY:
            extended = time.monotonic()
            claim.extend()

    return beat


def _finish(claim: Claim[Takeout], takeout: Takeout) -> None:
    """Adds the manifest and the directory, and removes what workers that died left behind."""
    now = timezone.now()
    pieces = manifest.pieces(takeout.team, takeout.created_at, now, _entries(takeout))
    part = _written(claim, takeout, [Member(manifest.NAME, manifest.WHAT, pieces)])
    parts = [(one.size, one.entries) for one in [*takeout.parts.order_by("number"), part]]
    end = takeout.folder / f"{secrets.token_hex(8)}.part"
    end.write_bytes(directory(parts))
    with claim.locked() as fresh:
        part.number = fresh.parts.count()
        part.save()
        fresh.parts.create(number=part.number + 1, filename=end.name, size=end.stat().st_size)
        fresh.size = sum(fresh.parts.values_list("size", flat=True))
        fresh.ready_at = now
        fresh.save(update_fields=["size", "ready_at"])
    claim.next_look_at = None
    wanted = set(takeout.parts.values_list("filename", flat=True))
    for path in takeout.folder.iterdir():
        if path.name not in wanted:
            path.unlink(missing_ok=True)


def _entries(takeout: Takeout) -> Iterator[dict[str, Any]]:
    for number in range(takeout.parts.count()):
        yield from takeout.parts.get(number=number).entries


def _give_up(claim: Claim[Takeout], words: str) -> None:
    with claim.locked() as fresh:
        fresh.problem = words
        fresh.save(update_fields=["problem"])
    claim.next_look_at = None
    shutil.rmtree(fresh.folder, ignore_errors=True)
