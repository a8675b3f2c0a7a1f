"""After a restore: what may have been sent is looked for at xAI before anything is sent.

A restored database knows less than xAI. A batch that it calls "not created yet" may exist there, with rows in it,
under the name that follows from its token: creating it again would pay for them twice. Tokens are derived, so the same
holds for a retry that the database has lost. So every intent in the database counts as tried, with an unknown outcome,
and the usual looks (submit.py, reconcile.py) find out what became of it.

However it was restored (see batches/generation.py), this happens once, before anything is sent. What xAI does not have
may have been cancelled after the moment of the backup, so it waits for a person, who is told what it costs.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.generation import Absence
from batchsite.batches.models import Batch, Chunk, ChunkState, Submission
from batchsite.batches.signals import database_restored
from batchsite.batches.states import TERMINAL
from batchsite.batches.timeline import note
from batchsite.processes.leadership import leads_elsewhere
from batchsite.wording import dollars, many

MARK = "backup.json"
"""The file that marks a backup's data folder until batchsite first runs on it."""
DONE = "restored.json"
log = logging.getLogger(__name__)


def begin_anew() -> bool:
    """Examines a restored database once, before anything is sent. Returns whether it was one."""
    mark = Path(settings.DATA) / MARK
    absence = generation.absence()
    if absence is Absence.FOLDER and not mark.exists() and leads_elsewhere():
        generation.take_over()  # a machine was added while others run: the database was never away
        return False
    if mark.exists():
        words = f"Restored from the backup of {json.loads(mark.read_text())['at']}"
    elif absence:
        words = absence.value
    else:
        if not Submission.objects.exists():
            generation.take_over()
        return False
    must_confirm = mark.exists() or absence is not Absence.BOOT
    count = distrust(f"{words}; what xAI has is looked for before anything is sent", must_confirm=must_confirm)
    generation.take_over()
    if mark.exists():
        mark.rename(mark.with_name(DONE))
    log.warning("%s; %d unfinished submissions are compared with xAI first.", words, count)
    return True


def keep_up() -> None:
    """Runs on every machine every few seconds: notices a restore, and raises the local number to the database's."""
    if Submission.objects.exists() and not begin_anew():
        generation.keep_up()


def distrust(words: str, *, must_confirm: bool) -> int:
    """Counts every unfinished intent as tried, with unknown outcome. Returns the number of submissions concerned.

    A batch with `restored_at` is looked for by its token before it is created (creation.py). With `must_confirm`,
    a person has to agree to what is sent again: somebody may have cancelled it after the backup was made.
    """
    now = timezone.now()
    with transaction.atomic():
        Batch.objects.update(restored_at=now)  # locks every batch: see transitions.py
        unfinished = Submission.objects.exclude(state__in=TERMINAL)
        planned = Q(state=ChunkState.PLANNED, submission__is_live=False) & ~Q(submission__state__in=TERMINAL)
        Chunk.objects.filter(planned).update(state=ChunkState.SENDING, sent_at=now)
        unfinished.update(missed_at=None, missed_rows=[], create_turn_at=None, create_slot_at=None, absent_rows=0)
        count = unfinished.update(lease_token="", lease_until=None, next_look_at=now, tries=0, faults=0)
        batch_ids = sorted(set(unfinished.values_list("batch_id", flat=True)))
        live = set(unfinished.filter(is_live=True).values_list("batch_id", flat=True))
        Batch.objects.filter(pk__in=batch_ids if must_confirm else live).update(must_confirm=True)
        for batch_id in batch_ids:
            note(batch_id, "restored", words)
        database_restored.send(None)
    return count


def must_be_confirmed(submission: Submission) -> bool:
    """Whether rows that xAI does not have must wait for a person: those that were to be sent before the restore."""
    batch = submission.batch
    return bool(batch.must_confirm and batch.restored_at and submission.created_at < batch.restored_at)


def unconfirmed(submission: Submission) -> str:
    """Returns why a submission waits for a person after a restore, with the cost; "" if it does not."""
    if not submission.absent_rows or submission.cancel_asked_at or not must_be_confirmed(submission):
        return ""
    return (
        f"the database was restored, and {many(submission.absent_rows, 'row')} had not reached xAI. "
        "Do you still want them? Resume to send "
        f"them{cost_in_words(submission.batch, submission.absent_rows)}, or cancel the batch."
    )


def unconfirmed_live(submission: Submission, rows: int) -> str:
    """Returns why `rows` that nobody asked live, as far as this database knows, wait for a person; "" if they do not.

    xAI has no list of what ran live, so it cannot be looked up.
    """
    if not rows or submission.cancel_asked_at or not must_be_confirmed(submission):
        return ""
    return (
        "the database was restored or the machine restarted, and xAI keeps no list of live rows. So it can’t be known "
        f"whether {many(rows, 'row')} were already sent and billed. Resume to send "
        f"them{cost_in_words(submission.batch, rows)}, or cancel the batch."
    )


def cost_in_words(batch: Batch, rows: int) -> str:
    """Returns `, for about $0.12` for so many rows; empty if the batch has no estimate."""
    estimate = batch.estimate or {}
    likely, of_rows = int(estimate.get("likely") or 0), int(estimate.get("rows") or 0)
    return f", for about {dollars(likely * rows // of_rows)}" if likely and of_rows else ""
