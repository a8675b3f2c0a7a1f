"""The file of a dataset that comes from a web address: fetched by a worker, from its beginning each time."""

from __future__ import annotations

import secrets
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.core.files import File

from batchsite.datasets import upload_quota, web_fetch
from batchsite.datasets.models import Dataset
from batchsite.datasets.upload_limits import why_no_upload
from batchsite.datasets.web_address import NotFetched
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import Claim
from batchsite.wording import size

BEAT_EVERY = 2.0
"""Seconds between two progress updates, which extend the lease."""


class Interrupted(Exception):
    """The worker is to stop; the fetch begins again in the next one."""


def fetch_into(claim: Claim[Dataset], dataset: Dataset) -> None:
    """Fetches the file and makes it the dataset's. Raises NotFetched, Interrupted, LeaseLost, and OSError for the disk.

    A worker that is killed leaves a file in the folder of incoming uploads, which is swept.
    """
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".upload") as target:
        filename = web_fetch.fetch(dataset.address, target, _limits(), _Progress(claim).beat)
        target.flush()
        count = target.tell()
        if words := why_no_upload(dataset.team, count):
            raise NotFetched(words)
        target.seek(0)
        kept = dataset.file.storage.save(name_on_disk(dataset), File(target))
    values = {"file": kept, "filename": filename[-300:], "size": count, "bytes_read": 0}
    values["name"] = name_for_people(filename)
    try:
        with claim.locked() as mine:
            Dataset.objects.filter(pk=mine.pk).update(**values)
    except BaseException:
        dataset.file.storage.delete(kept)
        raise
    upload_quota.count(dataset.team, count)
    dataset.refresh_from_db()


def _limits() -> web_fetch.Limits:
    options = settings.OPTIONS
    return web_fetch.Limits(
        options.upload_bytes, size(options.upload_bytes), options.fetch_private, options.fetch_ports
    )


class _Progress:
    """Records from time to time how many bytes have arrived."""

    def __init__(self, claim: Claim[Dataset]) -> None:
        self.claim, self.told = claim, time.monotonic()

    def beat(self, count: int) -> None:
        if stopping():
            raise Interrupted
        if time.monotonic() - self.told > BEAT_EVERY:
            with self.claim.locked() as mine:
                Dataset.objects.filter(pk=mine.pk).update(bytes_read=count)
            self.told = time.monotonic()


def name_on_disk(dataset: Dataset) -> str:
    """Returns a name of our own: a person's file name is not to be trusted as a path."""
    name: str = dataset.file.field.generate_filename(dataset, f"{secrets.token_hex(12)}.upload")
    return name


def name_for_people(filename: str) -> str:
    """Returns what a dataset is called after its file."""
    unpacked = filename[:-3] if filename.lower().endswith(".gz") else filename
    return (Path(unpacked).stem.strip() or "Dataset")[:200]
