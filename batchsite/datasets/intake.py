"""From an upload to a dataset: take the file in, then import it in the worker, a few thousand rows at a time.

1. `receive` keeps the file as it came, as evidence, and writes down that it is to be imported.
2. `import_step` reads it from the first byte to the last and stores its rows in blocks. Every transaction is
   short and checks the lease. A step that is killed leaves blocks behind, which the next one removes first.
3. The dataset ends up ready, or refused with the lines that are at fault. A full disk only makes it wait.
"""

from __future__ import annotations

import secrets
import time
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.utils import timezone

from batchsite.datasets.models import BLOCK_BYTES, BLOCK_ROWS, Block, Dataset, DatasetState, Row
from batchsite.datasets.reading import ByteStream, Limits, Problem, ReadingError, open_table
from batchsite.processes.beating import stopping
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.processes.queueing import Job, Queue, enqueue
from batchsite.processes.trouble import is_disk_full
from batchsite.setup import logging_about
from batchsite.teams.models import Team, User

IMPORT = "batchsite.datasets.tasks.import_dataset"
SMALL = 5_000_000
"""Bytes of an upload that takes the short queue, so that it never waits behind a big one."""
BLOCKS_AT_ONCE = 20
"""Blocks written in one transaction."""
BLOCKS_REMOVED_AT_ONCE = 200
PACKING_AHEAD = 4
RETRY_FULL_DISK = timedelta(minutes=1)
EXTEND_EVERY = 5.0
"""Seconds between extensions of the lease while a file is read without anything to write."""


class NotTaken(Exception):
    """The upload is refused before it is kept; the text says why and what to do."""


def receive(team: Team, user: User | None, upload: UploadedFile[Any], name: str = "") -> Dataset:
    """Keep an upload and have it imported. Raises NotTaken, and OSError where it cannot be kept."""
    check_size(upload.size or 0)
    sweep_incoming()
    return _receive(team, user, upload, upload.name or "upload.csv", name, now=True)


def receive_path(team: Team, path: Path, name: str = "", user: User | None = None) -> Dataset:
    """A copy of a file of this machine. Raises NotTaken where it is too big, OSError where it cannot be copied.

    The caller imports it (`import_step`); should the caller die, the worker does.
    """
    check_limit(path.stat().st_size)
    with path.open("rb") as stream:
        return _receive(team, user, File(stream), path.name, name, now=False)


def _receive(team: Team, user: User | None, file: File[Any], filename: str, name: str, *, now: bool) -> Dataset:
    dataset = Dataset(team=team, created_by=user, filename=filename[-300:], size=file.size)
    dataset.name = (name.strip() or Path(filename).stem.strip() or "Dataset")[:200]
    dataset.next_look_at = timezone.now()
    # A name of our own: what people call their files is no path to be trusted.
    kept = dataset.file.field.generate_filename(dataset, f"{secrets.token_hex(12)}.csv")
    try:
        dataset.file.name = dataset.file.storage.save(kept, file)
        with transaction.atomic():
            dataset.save()
            if now:
                enqueue(job(dataset))
    except BaseException:
        dataset.file.storage.delete(kept)  # also the half of one, where the disk became full
        raise
    return dataset


def check_size(size: int) -> None:
    """Raises NotTaken for an upload that is empty or over the limit."""
    if not size:
        raise NotTaken("The file is empty.")
    check_limit(size)


def check_limit(size: int) -> None:
    """Raises NotTaken for a file over the limit."""
    limit = settings.OPTIONS.upload_bytes
    if size > limit:
        raise NotTaken(f"The file has {size:,} bytes; {limit:,} are the limit. Split it, or ask who runs batchsite.")


def job(dataset: Dataset) -> Job:
    """The message that has a dataset imported."""
    queue: Queue = "short" if dataset.size <= SMALL else "long"
    return Job(IMPORT, (dataset.pk,), queue)


def sweep_incoming() -> None:
    """Remove what uploads left behind whose process was killed a day ago or earlier."""
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        if path.stat().st_mtime < time.time() - 86_400:
            path.unlink(missing_ok=True)


# --- the import


def import_step(dataset_id: int) -> None:
    """Import a dataset, all of it. Raises Busy and LeaseLost, which only mean that somebody else is at it."""
    with logging_about(dataset=dataset_id), claimed(Dataset, dataset_id) as claim:
        dataset = Dataset.objects.get(pk=dataset_id)
        if dataset.deleted_at:
            claim.next_look_at = timezone.now()
        elif dataset.state == DatasetState.IMPORTING:
            _import_or_say_why(claim, dataset)


def _import_or_say_why(claim: Claim[Dataset], dataset: Dataset) -> None:
    if claim.tries > MOST_TRIES:
        message = (
            f"The import was begun {MOST_TRIES} times and never came to its end: each time its process was ended "
            "from outside, perhaps for want of memory. The log says more. Upload the file again to try again."
        )
        _refuse(claim, [Problem(message)], 1)
        return
    try:
        _import(claim, dataset)
    except ReadingError as error:
        _refuse(claim, error.problems, error.problem_count)
    except FileNotFoundError:
        _refuse(claim, [Problem("The uploaded file is gone from the server's disk. Upload it again.")], 1)
    except (OSError, OperationalError) as error:
        if not is_disk_full(error):
            raise
        claim.next_look_at = timezone.now() + RETRY_FULL_DISK
        _hold(claim, "The server's disk is full. The import goes on by itself once there is room again.")


def _import(claim: Claim[Dataset], dataset: Dataset) -> None:
    remove_blocks(claim)
    with dataset.file.open("rb") as file:
        source = _Watched(file, claim)
        table = open_table(source, limits=_limits())
        form = table.understood
        understood = {"columns": table.columns, "encoding": form.encoding, "delimiter": form.delimiter}
        _update(claim, held_reason="", row_count=0, bytes_read=0, **understood)
        rows = 0
        blocks = _packed(_grouped(table.rows(), source))
        while some := list(islice(blocks, BLOCKS_AT_ONCE)):
            if stopping():
                claim.next_look_at = timezone.now()
                return
            with claim.locked() as fresh:
                rows = _store(fresh, some, rows)
                Dataset.objects.filter(pk=fresh.pk).update(row_count=rows, bytes_read=source.count)
    _update(claim, state=DatasetState.READY, bytes_read=dataset.size)


class _Watched:
    """The upload as it is read: counts its bytes, and holds on to the lease meanwhile."""

    def __init__(self, file: ByteStream, claim: Claim[Dataset]) -> None:
        self.file, self.claim = file, claim
        self.count, self.extended = 0, time.monotonic()

    def read(self, size: int = -1, /) -> bytes:
        piece = self.file.read(size)
        self.count += len(piece)
        if time.monotonic() - self.extended > EXTEND_EVERY:
            self.claim.extend()
            self.extended = time.monotonic()
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()


def _store(dataset: Dataset, blocks: list[tuple[int, bytes]], rows: int) -> int:
    """Store (number of rows, data) behind the `rows` that are there; how many there are now."""
    made = []
    for count, data in blocks:
        made.append(Block(dataset=dataset, first=rows + 1, count=count, data=data))
        rows += count
    Block.objects.bulk_create(made)
    return rows


def _grouped(rows: Iterator[Row], source: _Watched) -> Iterator[list[Row]]:
    """Rows by the block. One closes early when it has taken many bytes: huge cells must not pile up."""
    some: list[Row] = []
    began = source.count
    for row in rows:
        some.append(row)
        if len(some) == BLOCK_ROWS or source.count - began > BLOCK_BYTES:
            yield some
            some, began = [], source.count
    if some:
        yield some


def _packed(groups: Iterator[list[Row]]) -> Iterator[tuple[int, bytes]]:
    """(number of rows, data of a block), a few packed ahead in another thread: zlib lets go of the interpreter."""
    waiting: deque[tuple[int, Future[bytes]]] = deque()
    with ThreadPoolExecutor(1) as pool:
        for some in groups:
            waiting.append((len(some), pool.submit(_pack, some)))
            if len(waiting) > PACKING_AHEAD:
                count, data = waiting.popleft()
                yield count, data.result()
        for count, data in waiting:
            yield count, data.result()


def _pack(rows: list[Row]) -> bytes:
    return zlib.compress(orjson.dumps(rows), 1)


def _limits() -> Limits:
    options = settings.OPTIONS
    return Limits(rows=options.max_rows, columns=options.max_columns, cell=options.max_cell)


def _refuse(claim: Claim[Dataset], problems: list[Problem], count: int) -> None:
    remove_blocks(claim)
    found = [asdict(problem) for problem in problems]
    _update(claim, state=DatasetState.REFUSED, problems=found, problem_count=count, row_count=0, held_reason="")


def _hold(claim: Claim[Dataset], reason: str) -> None:
    """Say why nothing moves; where even that cannot be written, the lease runs out and the import begins again."""
    _update(claim, held_reason=reason)


def _update(claim: Claim[Dataset], **values: Any) -> None:
    with claim.locked() as dataset:
        Dataset.objects.filter(pk=dataset.pk).update(**values)


def remove_blocks(claim: Claim[Dataset]) -> None:
    """All blocks of a dataset, in short transactions."""
    some = Block.objects.filter(dataset_id=claim.pk).values_list("pk", flat=True)[:BLOCKS_REMOVED_AT_ONCE]
    while found := list(some.all()):
        with claim.locked():
            Block.objects.filter(pk__in=found).delete()
