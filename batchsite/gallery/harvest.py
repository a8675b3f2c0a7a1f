"""A worker brings generated pictures and videos home before their addresses die, within the hour (facts 2.7).

Its progress is in the database: which pages of raw results were searched, and the address and state of each
picture. A file is written before its row says so, under its own name, so a worker that is killed leaves at most a
file that the next one writes again. Reading the results again renews an address that expired.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet
from django.utils import timezone

from batchsite.batches.models import Batch, RawPage, Result
from batchsite.batches.timeline import note
from batchsite.gallery import fresh_addresses
from batchsite.gallery.models import GeneratedPicture, Harvest, PictureState
from batchsite.gallery.picture_fetch import PICTURE, VIDEO, Dead, Most, NotNow, fetch
from batchsite.media.file_reader import FileReader
from batchsite.media.seen_file import Seen
from batchsite.processes.bounded_work import CRASHED
from batchsite.processes.heartbeats import stopping
from batchsite.processes.leases import MOST_TRIES as MOST_FAILED_STEPS
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.processes.queue import Job, enqueue
from batchsite.submission.request_owners import rows_in
from batchsite.teams.accounts import AccountMissing, account_of
from batchsite.timeouts import doubling, soon, timeouts
from batchsite.xai.results import read_result

HARVEST = "batchsite.gallery.tasks.harvest"
EXTEND_EVERY = 10.0
"""Seconds between two extensions of the lease while files are on their way."""
MOST_TRIES = 6
"""Attempts at an address that does not answer, before it counts as dead."""


def begin(batch: Batch) -> None:
    """Schedules the fetch of the pictures whose addresses were just stored, in the same transaction."""
    now = timezone.now()
    harvest, is_new = Harvest.objects.get_or_create(batch=batch, defaults={"next_look_at": now})
    if not is_new:
        Harvest.objects.filter(pk=harvest.pk).update(next_look_at=now)
    enqueue(job(harvest))


def job(harvest: Harvest) -> Job:
    return Job(HARVEST, (harvest.pk,), "short")


def harvest_step(harvest_id: int) -> None:
    """Fetches some pictures. Raises Busy and LeaseLost."""
    with claimed(Harvest, harvest_id) as claim:
        harvest = Harvest.objects.select_related("batch__team", "batch__dataset").get(pk=harvest_id)
        if harvest.batch.deleted_at:
            return
        if claim.tries > MOST_FAILED_STEPS:
            pause = _give_way(claim, harvest.batch, f"Fetching it {CRASHED}.", tries=MOST_TRIES)
        else:
            try:
                with within_memory():
                    pause = _step(claim, harvest)
            except OutOfMemory as error:
                pause = _give_way(claim, harvest.batch, f"Fetching it {error}.")
        claim.next_look_at = None if pause is None else soon(pause)


def _give_way(claim: Claim[Harvest], batch: Batch, words: str, tries: int = 1) -> float | None:
    """Counts an attempt for the pictures that a step failed on, and gives up after too many. Returns as `_step`.

    If there are none, the results themselves cannot be read, and the batch says so.
    """
    some = _next(batch)
    with claim.locked():
        for picture in some:
            state = PictureState.LOST if picture.tries + tries >= MOST_TRIES else PictureState.WAITING
            values = {"state": state, "tries": min(MOST_TRIES, picture.tries + tries), "problem": words}
            GeneratedPicture.objects.filter(pk=picture.pk, address=picture.address).update(**values)
        if not some:
            note(batch.pk, "problem", f"Generated {batch.media_noun}s were not fetched. {words}")
    return doubling(2, some[0].tries) if some else None


def _step(claim: Claim[Harvest], harvest: Harvest) -> float | None:
    """Returns seconds until the next step. None if every picture is kept or lost."""
    until = time.monotonic() + timeouts().step
    _scan(claim, harvest)
    pause = 0.0
    with FileReader() as reader:
        while (some := _next(harvest.batch)) and not stopping() and time.monotonic() < until:
            pause = _fetch(claim, harvest.batch, some, reader)
            if pause:
                break
    waiting = _waiting(harvest.batch)
    if not waiting.exists():
        return None
    if waiting.filter(is_dead=False).exists():
        return pause
    return fresh_addresses.read_again(claim, harvest)


def _waiting(batch: Batch) -> QuerySet[GeneratedPicture]:
    return GeneratedPicture.objects.filter(batch=batch, state=PictureState.WAITING)


def _next(batch: Batch) -> list[GeneratedPicture]:
    return list(_waiting(batch).filter(is_dead=False).order_by("tries", "row", "number")[: _most(batch).at_once])


def _most(batch: Batch) -> Most:
    return VIDEO if batch.makes_videos else PICTURE


def _scan(claim: Claim[Harvest], harvest: Harvest) -> None:
    """Writes down the pictures of raw pages that came since, a page in a transaction."""
    of_batch = Q(submission__batch_id=harvest.batch_id) | Q(batch_id=harvest.batch_id)
    while page := RawPage.objects.filter(of_batch, pk__gt=harvest.scanned_through).order_by("pk").first():
        found = [result for raw in page.rows() if (result := read_result(raw)).pictures]
        rows = rows_in(harvest.batch, [result.batch_request_id for result in found])
        ours = Result.objects.filter(batch=harvest.batch, row__in=list(rows.values()), raw_page_id=page.pk)
        current = set(ours.values_list("row", flat=True))  # neither rows of other batches nor of earlier attempts
        with claim.locked() as fresh:
            for result in found:
                if (row := rows.get(result.batch_request_id)) in current:
                    _note(harvest.batch, page.submission_id, result.batch_request_id, row, result.pictures)
            Harvest.objects.filter(pk=fresh.pk).update(scanned_through=page.pk)
        harvest.scanned_through = page.pk


def _note(batch: Batch, submission_id: int | None, request_id: str, row: int, addresses: tuple[str, ...]) -> None:
    """Writes down the pictures of a row; a later attempt takes the place of the one before."""
    of_row = GeneratedPicture.objects.filter(batch=batch, row=row)
    of_row.filter(number__gt=len(addresses)).delete()
    for number, address in enumerate(addresses, 1):
        values = {"submission_id": submission_id, "request_id": request_id, "address": address}
        values |= {"state": PictureState.WAITING, "is_dead": False, "tries": 0, "rereads": 0, "problem": ""}
        GeneratedPicture.objects.update_or_create(batch=batch, row=row, number=number, defaults=values)


def _fetch(claim: Claim[Harvest], batch: Batch, some: list[GeneratedPicture], reader: FileReader) -> float:
    """Fetches some pictures at the same time. Returns seconds to wait, 0 if one came."""
    try:
        provider = account_of(batch.team, batch.account, batch.key).base_url
    except AccountMissing:
        provider = ""  # an address needs no key, only to be public then
    most = _most(batch)
    with ThreadPoolExecutor(most.at_once) as pool:
        coming = [pool.submit(fetch, picture.address, provider, most) for picture in some]
        while wait(coming, EXTEND_EVERY).not_done:
            claim.extend()
        replies = [reply.result() for reply in coming]
    any_came = False
    for picture, reply in zip(some, replies, strict=True):
        if isinstance(reply, bytes):
            _keep(claim, picture, reply, reader.see(reply, batch.media_noun))
            any_came = True
        else:
            _regret(claim, picture, reply)
    return 0.0 if any_came or any(isinstance(reply, Dead) for reply in replies) else doubling(2, some[0].tries)


def _keep(claim: Claim[Harvest], picture: GeneratedPicture, data: bytes, seen: Seen) -> None:
    """Writes the file, then the row that says so."""
    name = f"generated/{picture.batch_id}/{picture.row}-{picture.number}"
    default_storage.delete(name)  # a partial file of a killed worker, or that of an earlier attempt
    name = default_storage.save(name, ContentFile(data))
    values = {"state": PictureState.KEPT, "file": name, "size": len(data), "problem": seen.problem}
    values |= {"mime": seen.mime, "width": seen.width, "height": seen.height, "thumb": seen.thumb}
    with claim.locked():
        GeneratedPicture.objects.filter(pk=picture.pk, address=picture.address).update(**values)


def _regret(claim: Claim[Harvest], picture: GeneratedPicture, reply: Dead | NotNow) -> None:
    is_dead = isinstance(reply, Dead) or picture.tries + 1 >= MOST_TRIES
    values = {"is_dead": is_dead, "tries": picture.tries + 1, "problem": reply.words}
    with claim.locked():
        GeneratedPicture.objects.filter(pk=picture.pk, address=picture.address).update(**values)
