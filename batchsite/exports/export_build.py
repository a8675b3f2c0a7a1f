"""Building a file in a worker, with progress; and clearing away what is a day old."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.exports.download_choice import Choice, mark_of
from batchsite.exports.models import Export
from batchsite.exports.result_files import BUILT, Built, build, filename
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.processes.queue import Job, enqueue, take, take_due
from batchsite.teams.models import User

AT_ONCE = 5_000
"""A batch of no more rows is built within the request: that takes a second."""
KEPT = timedelta(days=1)
EVERY = 5_000
"""Rows between two notes of progress; each also extends the lease."""
HOLD = 5.0
"""Seconds after which the lease is extended where no row is written."""


def is_small(batch: Batch) -> bool:
    return batch.total <= AT_ONCE


def ask_for(batch: Batch, form: Built, choice: Choice, user: User | None) -> Export:
    """The file that holds this, ready or not: the one that exists, or a new one that a worker begins with at once."""
    now = timezone.now()
    values = {"form": form.name, "choice": choice.as_json(), "asked_by": user, "next_look_at": now}
    with transaction.atomic():
        export, is_new = Export.objects.get_or_create(
            batch=batch, mark=mark_of(batch, form.name, choice), defaults=values
        )
    if is_new and take(export, now):
        enqueue(_job(export))
    return export


def file_now(batch: Batch, form: Built, choice: Choice) -> Any:
    """An open file without a name, built within the request. Raises TooBig, and ValueError for bad ranges."""
    folder = Path(tempfile.mkdtemp(prefix="batchsite-export-"))
    try:
        path = folder / filename(batch, form, choice)
        build(batch, form, path, choice)
        return path.open("rb")  # it outlives its folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build_step(export_id: int) -> None:
    """Build it, from the beginning: neither kind of file can be gone on with. Raises Busy, LeaseLost."""
    with claimed(Export, export_id) as claim:
        export = Export.objects.select_related("batch__dataset").get(pk=claim.pk)
        if not export.is_building:
            return
        if claim.tries > MOST_TRIES:
            _give_up(claim, "A worker died at it again and again. Choose fewer rows, or another form.")
            return
        folder = Path(tempfile.mkdtemp(prefix="batchsite-export-"))
        try:
            _build(claim, export, folder)
        except ValueError as error:  # too big for this kind of file, or ranges that are none
            _give_up(claim, str(error))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _build(claim: Claim[Export], export: Export, folder: Path) -> None:
    form, choice = BUILT[export.form], Choice.from_json(export.choice)
    path = folder / filename(export.batch, form, choice)
    noted, held = 0, time.monotonic()

    def pulse() -> None:
        """Rows that are looked through and left out take time, too: hold on to the work."""
        nonlocal held
        if time.monotonic() - held >= HOLD:
            held = time.monotonic()
            claim.extend()

    def beat(rows: int) -> None:
        nonlocal noted
        if rows - noted >= EVERY:
            noted = rows
            claim.extend()
            Export.objects.filter(pk=export.pk).update(rows_done=rows)

    build(export.batch, form, path, choice, beat, pulse)
    with path.open("rb") as built:
        export.file.save(path.name, File(built), save=False)
    try:
        with claim.locked() as fresh:
            fresh.file, fresh.size, fresh.ready_at = export.file, path.stat().st_size, timezone.now()
            fresh.save(update_fields=["file", "size", "ready_at"])
    except BaseException:
        export.file.delete(save=False)
        raise


def _give_up(claim: Claim[Export], words: str) -> None:
    with claim.locked() as fresh:
        fresh.problem = words
        fresh.save(update_fields=["problem"])


def due(now: datetime) -> Iterable[Job]:
    """Files to build, and whether there are any to clear away."""
    for export in take_due(Export.objects.all(), now):
        yield _job(export)
    if Export.objects.filter(created_at__lt=now - KEPT).exists():
        yield Job("batchsite.exports.tasks.clear_old")


def _job(export: Export) -> Job:
    return Job("batchsite.exports.tasks.build", (export.pk,), "long")


def clear_old() -> None:
    """Remove files that are a day old, a few at a time."""
    for export in Export.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("created_at")[:50]:
        export.delete()
