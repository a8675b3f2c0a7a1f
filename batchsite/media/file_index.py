"""A worker looks at every file of an archive: what it is, whether it can be sent, and a small picture of it.

Its progress is in the database, and a file is written once, so a worker that is killed loses the work of a few files.
"""

from __future__ import annotations

import time
import zipfile
from typing import Any

from django.utils import timezone

from batchsite.datasets.models import Dataset
from batchsite.media.file_reader import FileReader
from batchsite.media.models import FileIndex, HeldFile
from batchsite.media.seen_file import Seen
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.processes.queue import Job, enqueue
from batchsite.tables.formats.file_archive import DAMAGED, Member, open_archive, read_member
from batchsite.timeouts import timeouts

INDEX = "batchsite.media.tasks.index"
AT_ONCE = 20
"""Files written in one transaction."""
MOST_GIVEN_UP = 20
"""Files that may exceed the limits before the rest of the archive is skipped: each takes seconds."""


def begin(dataset: Dataset) -> None:
    """Has the files of a dataset looked at, from the first; called whenever its import has ended."""
    if not dataset.file_count:
        return
    values: dict[str, Any] = {"done": 0, "unfit": 0, "total": dataset.file_count, "ended_at": None, "problem": ""}
    values["given_up"] = 0
    values |= {"next_look_at": timezone.now(), "lease_token": "", "lease_until": None}
    index, _ = FileIndex.objects.update_or_create(dataset=dataset, defaults=values)
    enqueue(job(index))


def job(index: FileIndex) -> Job:
    return Job(INDEX, (index.pk,), "long")


def index_step(index_id: int) -> None:
    """Looks at some files. Raises Busy and LeaseLost."""
    with claimed(FileIndex, index_id) as claim:
        index = FileIndex.objects.select_related("dataset").get(pk=index_id)
        if index.ended_at or index.dataset.deleted_at:
            return
        if claim.tries > MOST_TRIES:
            _end(claim, "a worker crashed on it repeatedly")
            return
        if index.given_up >= MOST_GIVEN_UP:
            _end(claim, f"{index.given_up} of them took more time or memory than a file may take")
            return
        try:
            with within_memory():
                is_whole = _look(claim, index)
        except OutOfMemory as error:
            _end(claim, f"looking at one of them {error}")
        except (FileNotFoundError, *DAMAGED):
            _end(claim, "the archive cannot be read any more")
        else:
            if is_whole:
                _end(claim, "")
            else:
                claim.next_look_at = timezone.now()


def _look(claim: Claim[FileIndex], index: FileIndex) -> bool:
    """Looks at files from where the last step stopped. Returns whether all are done.

    Opening an archive of many files takes seconds, so the time counts from then on, and some are done in any case.
    """
    with index.dataset.file.open("rb") as file, FileReader() as reader:
        archive, found = open_archive(file)
        until, done = time.monotonic() + timeouts().step, index.done
        if not done:
            _forget(claim, index)
        while done < len(found.files):
            seen: list[tuple[Member, Seen]] = []
            for member in found.files[done : done + AT_ONCE]:
                seen.append((member, _see(archive, member, reader)))
                if time.monotonic() > until:
                    break
            done += len(seen)
            _keep(claim, index, seen, done)
            if stopping() or time.monotonic() > until or any(what.gave_up for _, what in seen):
                break
    return done >= len(found.files)


def _see(archive: zipfile.ZipFile, member: Member, reader: FileReader) -> Seen:
    try:
        data = read_member(archive, member)
    except DAMAGED:
        return Seen(problem="It cannot be unpacked: the archive is damaged there.")
    return reader.see(data, member.kind)


def _keep(claim: Claim[FileIndex], index: FileIndex, seen: list[tuple[Member, Seen]], done: int) -> None:
    files = [
        HeldFile(
            dataset=index.dataset,
            name=member.name,
            base=member.base,
            kind=member.kind,
            size=member.entry.file_size,
            mime=what.mime,
            width=what.width,
            height=what.height,
            thumb=what.thumb,
            pages=what.pages,
            characters=what.characters,
            pages_problem=what.pages_problem,
            problem=f"“{member.base[:80]}”: {what.problem}" if what.problem else "",
        )
        for member, what in seen
    ]
    with claim.locked() as fresh:
        HeldFile.objects.bulk_create(files, ignore_conflicts=True)
        unfit = fresh.unfit + sum(bool(file.problem) for file in files)
        given_up = fresh.given_up + sum(what.gave_up for _, what in seen)
        FileIndex.objects.filter(pk=fresh.pk).update(done=done, unfit=unfit, given_up=given_up)


def _forget(claim: Claim[FileIndex], index: FileIndex) -> None:
    """Removes what an earlier reading of the file left, in short transactions."""
    some = HeldFile.objects.filter(dataset=index.dataset).values_list("pk", flat=True)[:500]
    while found := list(some.all()):
        with claim.locked():
            HeldFile.objects.filter(pk__in=found).delete()


def _end(claim: Claim[FileIndex], problem: str) -> None:
    with claim.locked() as fresh:
        FileIndex.objects.filter(pk=fresh.pk).update(ended_at=timezone.now(), problem=problem)
