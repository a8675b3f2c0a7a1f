"""From an upload to a dataset: take the file in, then import it in the worker, a few thousand rows at a time.

1. `receive` keeps the file as it came, as evidence, and writes down that it is to be imported.
2. `import_step` reads it from the first byte to the last and stores its rows in blocks. Every transaction is
   short and checks the lease. A step that is killed leaves blocks behind, which the next one removes first.
3. The dataset ends up ready, asking (then `answers` has it imported again), or refused with the lines that are
   at fault. A full disk only makes it wait.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.utils import timezone

from batchsite.datasets import blocks, fetched_file, upload_quota, web_address
from batchsite.datasets.file_digest import digest_of
from batchsite.datasets.import_queue import begin_soon
from batchsite.datasets.models import Block, Dataset, DatasetState, Row
from batchsite.datasets.profile import Profiler
from batchsite.datasets.reading_report import (
    kept_answer,
    kept_problems,
    kept_questions,
    storable,
    understood_fields,
)
from batchsite.datasets.signals import dataset_ready
from batchsite.datasets.upload_limits import check_limit, check_size, hold_to, why_no_upload
from batchsite.datasets.watched_file import WatchedFile
from batchsite.datasets.web_address import NotFetched
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.processes.outages import is_disk_full
from batchsite.setup import logging_about
from batchsite.tables import Asks, Limits, Problem, ReadingError, Skipped, open_table
from batchsite.teams.models import Team, User

BLOCKS_AT_ONCE = 20
"""Blocks that are written in one transaction."""
BLOCKS_REMOVED_AT_ONCE = 200
MOST_STARTS = 3
"""Imports of a file that may start and not finish: a file that kills its process would do so every time."""
RETRY_FULL_DISK = timedelta(minutes=1)


def receive(
    team: Team, user: User | None, upload: UploadedFile[Any], name: str = "", replaces: Dataset | None = None
) -> Dataset:
    """Stores an upload and has it imported. Raises NotTaken, and OSError if it cannot be stored.

    If it replaces another one, it is still a dataset of its own: the other and its batches do not change.
    """
    check_size(upload.size or 0)
    sweep_incoming()
    dataset = Dataset(team=team, created_by=user, replaces=replaces)

    def take() -> None:
        hold_to(team, dataset.size, why_no_upload)
        upload_quota.count(team, dataset.size)

    name = name or (replaces.name if replaces else "")
    return keep(dataset, upload, upload.name or "upload.csv", name, now=True, take=take)


def receive_address(team: Team, user: User | None, address: str) -> Dataset:
    """Has a table fetched from a web address and imported. Raises NotFetched, or NotTaken if too many wait."""
    url = web_address.parse(address)
    name = "Google Sheet" if web_address.is_sheet(url) else url.path.rstrip("/").rpartition("/")[2] or url.host
    dataset = Dataset(team=team, created_by=user, address=str(url), name=name[:200], filename=url.host[:300])
    dataset.next_look_at = timezone.now()
    with transaction.atomic():
        hold_to(team, 0, why_no_upload)
        dataset.save()
        begin_soon(dataset)
    return dataset


def fetch_again(dataset: Dataset) -> bool:
    """Has a table that could not be fetched tried again. Returns False if it is not in that state."""
    values = {"state": DatasetState.IMPORTING, "problems": [], "problem_count": 0, "tries": 0}
    refused = Dataset.objects.filter(pk=dataset.pk, state=DatasetState.REFUSED, file="", deleted_at=None)
    with transaction.atomic():
        if not refused.exclude(address="").update(**values, next_look_at=timezone.now()):
            return False
        begin_soon(dataset)
    return True


def receive_path(
    team: Team, path: Path, name: str = "", user: User | None = None, answers: Mapping[str, str] | None = None
) -> Dataset:
    """Stores a copy of a file of this machine. Raises NotTaken if it is too big, OSError if it cannot be copied.

    The caller imports it (`import_step`); should the caller die, the worker does.
    """
    check_limit(path.stat().st_size)
    by, now = user.pk if user else None, timezone.now()
    with path.open("rb") as stream:
        dataset = Dataset(team=team, created_by=user)
        dataset.answers = [kept_answer(key, value, by=by, at=now) for key, value in (answers or {}).items()]
        return keep(dataset, File(stream), path.name, name, now=False)


def keep(
    dataset: Dataset, file: File[Any], filename: str, name: str, *, now: bool, take: Callable[[], None] | None = None
) -> Dataset:
    """Stores `file` as that of a new dataset, which is due from then on; `now` also sends a message.

    Calls `take` in the transaction that records it. Raises OSError, and what `take` raises.
    """
    dataset.filename, dataset.size = filename[-300:], file.size
    dataset.name = name.strip()[:200] or fetched_file.name_for_people(filename)
    dataset.next_look_at = timezone.now()
    kept = fetched_file.name_on_disk(dataset)
    try:
        dataset.file.name = dataset.file.storage.save(kept, file)
        with transaction.atomic():
            if take:
                take()
            dataset.save()
            if now:
                begin_soon(dataset)
    except BaseException:
        dataset.file.storage.delete(kept)  # also the half of one, where the disk became full
        raise
    return dataset


def sweep_incoming() -> None:
    """Removes what uploads left behind if their process was killed at least a day ago."""
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just taken its own
            if path.stat().st_mtime < time.time() - 86_400:
                path.unlink()


# --- the import


def import_step(dataset_id: int) -> None:
    """Imports a whole dataset. Raises Busy and LeaseLost, which only mean that another process works on it."""
    with logging_about(dataset=dataset_id), claimed(Dataset, dataset_id) as claim:
        dataset = Dataset.objects.get(pk=dataset_id)
        if dataset.deleted_at:
            claim.next_look_at = timezone.now()
        elif dataset.state == DatasetState.IMPORTING:
            _import_or_say_why(claim, dataset)


def _import_or_say_why(claim: Claim[Dataset], dataset: Dataset) -> None:
    if claim.tries > MOST_STARTS:
        message = (
            f"The import was started {MOST_STARTS} times and never finished: each time its process was stopped "
            "from outside, perhaps because memory ran out. The log has details. Upload the file again to try again."
        )
        _refuse(claim, [Problem(message)], 1)
        return
    try:
        with within_memory():
            if dataset.is_to_fetch:
                fetched_file.fetch_into(claim, dataset)
            _import(claim, dataset)
    except NotFetched as error:
        _refuse(claim, [Problem(str(error))], 1)
    except fetched_file.Interrupted:
        claim.next_look_at = timezone.now()
    except OutOfMemory as error:
        words = f"Reading this file {error}. Split it or save it as CSV, or ask whoever runs batchsite for more."
        _refuse(claim, [Problem(words)], 1)
    except Asks as asks:
        _ask(claim, asks)
    except ReadingError as error:
        _refuse(claim, error.problems, error.problem_count, rows=error.rows, can_leave=error.can_skip)
    except FileNotFoundError:
        _refuse(claim, [Problem("The uploaded file is gone from the server's disk. Upload it again.")], 1)
    except (OSError, OperationalError) as error:
        if not is_disk_full(error):
            raise
        claim.next_look_at = timezone.now() + RETRY_FULL_DISK
        _hold(claim, "The server's disk is full. The import continues automatically once there is room again.")


def _import(claim: Claim[Dataset], dataset: Dataset) -> None:
    remove_blocks(claim)
    with dataset.file.open("rb") as file:
        source = WatchedFile(file, claim)
        _update(claim, held_reason="", row_count=0, bytes_read=0)
        table = open_table(source, filename=dataset.filename, answers=dataset.given, limits=_limits())
        _update(claim, columns=table.columns, **understood_fields(table.understood))
        rows, profiler = 0, Profiler(table.columns)
        packed = _packed(profiler, blocks.grouped(table.pieces()))
        while some := list(islice(packed, BLOCKS_AT_ONCE)):
            if stopping():
                claim.next_look_at = timezone.now()
                return
            with claim.locked() as fresh:
                rows = _store(fresh, some, rows)
                Dataset.objects.filter(pk=fresh.pk).update(row_count=rows, bytes_read=min(source.count, dataset.size))
        _keep_skipped(dataset, table.left_out)
    _end_well(
        claim,
        state=DatasetState.READY,
        file_rows=rows + table.left_out.count,
        bytes_read=dataset.size,
        digest=digest_of(claim, dataset),
        left_out=table.left_out.count,
        profile=storable(profiler.profile()),
        problems=kept_problems(table.left_out.first),
        problem_count=table.left_out.count,
        **understood_fields(table.understood),  # the last rows may have added to it
    )


def _end_well(claim: Claim[Dataset], **values: Any) -> None:
    """Marks the dataset as ready, and tells other rooms in the same transaction."""
    with claim.locked() as dataset:
        Dataset.objects.filter(pk=dataset.pk).update(**values)
        dataset.refresh_from_db()
        dataset_ready.send(Dataset, dataset=dataset)


def _keep_skipped(dataset: Dataset, skipped: Skipped) -> None:
    """Stores the bytes of the skipped rows beside the upload; those of an earlier import are removed."""
    storage = dataset.file.storage
    storage.delete(dataset.skipped_name)
    if skipped.file:
        storage.save(dataset.skipped_name, File(skipped.file))


def _packed(profiler: Profiler, groups: Iterator[list[Row]]) -> Iterator[tuple[int, bytes]]:
    """Yields (number of rows, data of a block), and profiles the rows on the way."""
    for rows in groups:
        profiler.add(rows)
        yield len(rows), blocks.packed(rows)


def _store(dataset: Dataset, blocks: list[tuple[int, bytes]], rows: int) -> int:
    """Stores (number of rows, data) after the existing `rows`. Returns how many there are now."""
    made = []
    for count, data in blocks:
        made.append(Block(dataset=dataset, first=rows + 1, count=count, data=data))
        rows += count
    Block.objects.bulk_create(made)
    return rows


def _limits() -> Limits:
    options = settings.OPTIONS
    return Limits(
        rows=options.max_rows,
        columns=options.max_columns,
        cell=options.max_cell,
        unpacked=options.unpacked_bytes,
    )


def _ask(claim: Claim[Dataset], asks: Asks) -> None:
    """Stores the questions. Nothing counts until a person has answered; the next import uses the answers."""
    remove_blocks(claim)
    _update(
        claim,
        state=DatasetState.ASKING,
        questions=kept_questions(asks.questions),
        columns=[],
        row_count=0,
        held_reason="",
        **understood_fields(asks.understood),
    )


def _refuse(
    claim: Claim[Dataset], problems: list[Problem], count: int, *, rows: int = 0, can_leave: bool = False
) -> None:
    remove_blocks(claim)
    _update(
        claim,
        state=DatasetState.REFUSED,
        problems=kept_problems(problems),
        problem_count=count,
        file_rows=rows,
        can_leave=can_leave,
        row_count=0,
        held_reason="",
    )


def _hold(claim: Claim[Dataset], reason: str) -> None:
    """Says why nothing moves. If even that cannot be written, the lease runs out and the import starts again."""
    _update(claim, held_reason=reason)


def _update(claim: Claim[Dataset], **values: Any) -> None:
    with claim.locked() as dataset:
        Dataset.objects.filter(pk=dataset.pk).update(**values)


def remove_blocks(claim: Claim[Dataset]) -> None:
    """Removes all blocks of a dataset, in short transactions."""
    some = Block.objects.filter(dataset_id=claim.pk).values_list("pk", flat=True)[:BLOCKS_REMOVED_AT_ONCE]
    while found := list(some.all()):
        with claim.locked():
            Block.objects.filter(pk__in=found).delete()
