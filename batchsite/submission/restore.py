"""After a restore: what may have been sent is looked for at xAI before anything is sent.

A restored database knows less than xAI does. A batch that it has as "not created yet" may exist there under the name
that its token gives it, with rows in it: to create it again would pay for them twice. Tokens are derived, so that this
holds for a retry that the database has lost, too. So every intent that the database holds counts as tried, with an
unknown outcome, and the usual looks (submit.py, reconcile.py) find out what became of it.

However it was restored (see batches/generation.py), this happens once, before anything is sent.
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
from batchsite.batches.models import Batch, Chunk, ChunkState, Submission
from batchsite.batches.signals import database_restored
from batchsite.batches.states import TERMINAL
from batchsite.batches.timeline import note

MARK = "backup.json"
"""In the data folder of a backup that nobody has begun to work with."""
DONE = "restored.json"
log = logging.getLogger(__name__)


def begin_anew() -> bool:
    """Look through a restored database once, before anything is sent. Returns whether it was one."""
    mark = Path(settings.DATA) / MARK
    try:
        words = f"Restored from the backup of {json.loads(mark.read_text())['at']}"
    except FileNotFoundError:
        words = generation.why_away()
        if not words:
            if not Submission.objects.exists():
                generation.take_over()
            return False
    count = distrust(f"{words}; what xAI has is looked for before anything is sent")
    generation.take_over()
    if mark.exists():
        mark.rename(mark.with_name(DONE))
    log.warning("%s; %d unfinished submissions are compared with xAI first.", words, count)
    return True


def distrust(words: str) -> int:
    """Count every unfinished intent as tried, with unknown outcome. Returns the number of submissions concerned.

    A batch with `restored_at` is looked for by its token before it is created (creation.py).
    """
    now = timezone.now()
    with transaction.atomic():
        Batch.objects.update(restored_at=now)  # locks every batch: see transitions.py
        unfinished = Submission.objects.exclude(state__in=TERMINAL)
        planned = Q(state=ChunkState.PLANNED) & ~Q(submission__state__in=TERMINAL)
        Chunk.objects.filter(planned).update(state=ChunkState.SENDING, sent_at=now)
        unfinished.update(missed_at=None, missed_rows=[], create_slot_at=None)
        count = unfinished.update(lease_token="", lease_until=None, next_look_at=now, tries=0, faults=0)
        for batch_id in sorted(set(unfinished.values_list("batch_id", flat=True))):
            note(batch_id, "restored", words)
        database_restored.send(None)
    return count
