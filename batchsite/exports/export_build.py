"""Files that a worker builds, with progress, and deletes after a day."""

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
from django.db.models import QuerySet
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets.block_reach import within_reach
from batchsite.exports.download_choice import DownloadChoice, fingerprint
from batchsite.exports.models import Export
from batchsite.exports.result_files import BUILT, Built, build, filename
from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, enqueue, take_due
from batchsite.results import filtered_rows
from batchsite.teams.models import User

AT_ONCE = 5_000
"""Most rows of a file that is built within the request: about a second."""
COUNTED_IN = 0.2
"""Seconds for counting the rows of a filter before that."""
KEPT = timedelta(days=1)
EVERY = 5_000
"""Rows between two updates of the progress, which also extend the lease."""
HOLD = 5.0
"""Seconds after which the lease is extended while no row is written."""


def is_small(batch: Batch, choice: DownloadChoice) -> bool:
    """Whether the file is built within the request: few rows, of a batch whose cells are quick to read."""
    if len(within_reach(batch.dataset, batch.rows)) < len(batch.rows):
        return False
    rows, within = choice.count(batch), choice.within(batch)
    if rows is None and within is not None:
        rows = len(within)
    elif rows is None:
        found = filtered_rows.counted(batch, choice.filter, COUNTED_IN)
        rows = found.rows if found.is_all else batch.total
    return rows <= AT_ONCE


def request(batch: Batch, form: Built, choice: DownloadChoice, user: User | None) -> Export:
    """Returns the export for this choice, ready or not. If it is new, a worker begins at once."""
    now = timezone.now()
    values = {"form": form.name, "choice": choice.as_json(), "asked_by": user, "next_look_at": now}
    with transaction.atomic():
        export, is_new = Export.objects.get_or_create(
            batch=batch, fingerprint=fingerprint(batch, form.name, choice), defaults=values
        )
    if is_new:
        for mine in _take(now, Export.objects.filter(pk=export.pk)):
            enqueue(_job(mine))
    return export


def file_now(batch: Batch, form: Built, choice: DownloadChoice) -> Any:
    """Returns an open, unlinked file, built within the request. Raises TooBig, and ValueError for bad ranges."""
    folder = Path(tempfile.mkdtemp(prefix="batchsite-export-"))
    try:
        path = folder / filename(batch, form, choice)
        build(batch, form, path, choice)
        return path.open("rb")  # the open file outlives its folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build_step(export_id: int) -> None:
    """Builds the whole file, always from the start: no format can be continued. Raises Busy, LeaseLost."""
    with claimed(Export, export_id) as claim:
        export = Export.objects.select_related("batch__dataset").get(pk=claim.pk)
        if not export.is_building:
            return
        folder = Path(tempfile.mkdtemp(prefix="batchsite-export-"))
        try:
            end_in_words(
                claim,
                lambda: _build(claim, export, folder),
                lambda reason: _give_up(claim, f"Building this file {reason}. Choose fewer rows or columns, or CSV."),
            )
        except ValueError as error:  # too big for this format, or bad ranges
            _give_up(claim, str(error))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _build(claim: Claim[Export], export: Export, folder: Path) -> None:
    form, choice = BUILT[export.form], DownloadChoice.from_json(export.choice)
    path = folder / filename(export.batch, form, choice)
    reported, extended = 0, time.monotonic()

    def keep_alive() -> None:
        """Extends the lease while rows are scanned that do not pass the filter."""
        nonlocal extended
        if time.monotonic() - extended >= HOLD:
            extended = time.monotonic()
            claim.extend()

    def beat(rows: int) -> None:
        nonlocal reported
        if rows - reported >= EVERY:
            reported = rows
            claim.extend()
            Export.objects.filter(pk=export.pk).update(rows_done=rows)

    build(export.batch, form, path, choice, beat, keep_alive)
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
    """Yields a job for each file to build, and one for deleting old files."""
    for export in _take(now, Export.objects.all()):
        yield _job(export)
    if Export.objects.filter(created_at__lt=now - KEPT).exists():
        yield Job("batchsite.exports.tasks.clear_old", is_hint=True)


def _take(now: datetime, exports: QuerySet[Export]) -> list[Export]:
    """Takes those that are due, one at a time for each team, as a file takes minutes."""
    return take_due(exports, now, team="batch__team", lane=lambda _: "long", slots=Export.objects.all())


def _job(export: Export) -> Job:
    return Job("batchsite.exports.tasks.build", (export.pk,), "long")


def clear_old() -> None:
    """Deletes files older than a day, a few at a time."""
    for export in Export.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("created_at")[:50]:
        export.delete()
