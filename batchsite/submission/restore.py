"""After a backup was restored: what may have been sent since it was made is looked for before anything is sent.

A backup knows less than xAI does. A batch that it has as "not created yet" may exist there under the name that its
token gives it, with rows in it: to create it again would pay for them twice. So every intention that the backup holds
counts as tried, with an unknown outcome, and the usual looks (submitting.py, reconciling.py) find out what came of it.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Chunk, ChunkState, Submission
from batchsite.batches.states import TERMINAL
from batchsite.batches.timeline import note
from batchsite.submission.submit import remote_name

MARK = "backup.json"
"""In the data folder: this is a copy that nobody has begun to work with."""
DONE = "restored.json"
log = logging.getLogger(__name__)


def begin_anew() -> bool:
    """If the data folder is a restored backup that has not been looked through yet, do so; whether it was one."""
    mark = Path(settings.DATA) / MARK
    try:
        made = str(json.loads(mark.read_text())["at"])
    except FileNotFoundError:
        return False
    count = distrust(f"Restored from the backup of {made}; what xAI has is looked for before anything is sent")
    mark.rename(mark.with_name(DONE))
    log.warning("This is a restored backup of %s; %d unfinished submissions are compared with xAI first.", made, count)
    return True


def distrust(words: str) -> int:
    """Count every unfinished intention as tried, with unknown outcome; how many submissions that concerns."""
    with transaction.atomic():
        unfinished = Submission.objects.select_for_update(no_key=True).exclude(state__in=TERMINAL)
        for submission in unfinished.filter(remote_id=""):
            submission.remote_name = submission.remote_name or remote_name(submission)
            submission.create_tried_at = submission.create_tried_at or submission.created_at
            submission.save(update_fields=["remote_name", "create_tried_at"])
        now = timezone.now()
        planned = Q(state=ChunkState.PLANNED) & ~Q(submission__state__in=TERMINAL)
        Chunk.objects.filter(planned).update(state=ChunkState.SENDING, sent_at=now)
        count = unfinished.update(lease_token="", lease_until=None, next_look_at=now, tries=0, faults=0)
        for batch_id in set(Submission.objects.exclude(state__in=TERMINAL).values_list("batch_id", flat=True)):
            note(batch_id, "restored", words)
    return count
