"""What is stored about live rows: which to ask next, which were asked, and what became of them.

Everything that writes is called with the batch and the submission locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_sent
from batchsite.batches.models import Chunk, ChunkState, LiveRequest, LiveState, Submission
from batchsite.batches.transitions import update
from batchsite.recipes.recipe import NumberedRow, Recipe, numbers
from batchsite.submission import sent_files
from batchsite.submission.step_context import StepContext
from batchsite.timeouts import soon, timeouts

IN_FLIGHT = (LiveState.SENDING, LiveState.RUNNING)


def requests_of(submission: Submission, *states: LiveState) -> QuerySet[LiveRequest]:
    return LiveRequest.objects.filter(submission=submission, state__in=states)


class Unasked:
    """The rows of a submission that nobody asked yet, in order, each with the request that asks it.

    Those that come next are at hand first, as documents that they name are to be at xAI before they are asked.
    """

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self.recipe: Recipe = recipe_sent(context.submission)
        self._at_hand: list[NumberedRow] = []
        self._rows: Iterator[int] = iter(())
        self._chunk = 0

    def take(self, count: int) -> list[tuple[int, dict[str, Any]]]:
        """Returns up to `count` rows with their requests, [(row, request)].

        Empty once every row was asked, and while `wants_files`.
        """
        if not self._at_hand:
            self._at_hand = self._next_rows(count)
        if self.wants_files:
            return []
        taken, self._at_hand = self._at_hand[:count], self._at_hand[count:]
        return [(row, self.recipe.request(row, cells)) for row, cells in taken]

    @property
    def wants_files(self) -> bool:
        """Whether the rows at hand wait for `bring_files`."""
        return sent_files.are_missing(self.recipe, self._at_hand)

    def bring_files(self) -> dict[int, str]:
        """Makes sure xAI has the documents of the rows at hand. Returns {row: why its file is refused}.

        Raises NotThereYet, FileGone and XaiError.
        """
        self.recipe, refused = sent_files.bring(self._context, self.recipe, self._at_hand)
        self._at_hand = [numbered for numbered in self._at_hand if numbered[0] not in refused]
        return refused

    def _next_rows(self, count: int) -> list[NumberedRow]:
        rows: list[int] = []
        while len(rows) < count:
            row = next(self._rows, None)
            if row is not None:
                rows.append(row)
            elif not self._next_chunk():
                break
        cells = self._context.batch.dataset.pick(rows)
        return [(row, cells[row]) for row in rows]

    def _next_chunk(self) -> bool:
        """Goes to the next chunk with rows that were not asked yet, and drops those without any."""
        submission = self._context.submission
        waiting = submission.chunks.exclude(state=ChunkState.SENT).filter(first_row__gt=self._chunk)
        for chunk in waiting.order_by("first_row")[:1]:
            self._chunk, rows = chunk.first_row, numbers(chunk.ranges)
            asked = LiveRequest.objects.filter(submission=submission, row__gte=rows[0], row__lte=rows[-1])
            known = set(asked.values_list("row", flat=True))
            self._rows = iter([row for row in rows if row not in known])
            return True
        return False


def close_chunks(submission: Submission) -> bool:
    """Counts chunks as sent in which every row was asked. Returns whether all are."""
    waiting = submission.chunks.exclude(state=ChunkState.SENT).order_by("first_row")
    for chunk in waiting:
        if _asked(submission, chunk) < chunk.count:
            return False
        chunk.state = ChunkState.SENT
        chunk.save(update_fields=["state"])
    return True


def _asked(submission: Submission, chunk: Chunk) -> int:
    rows = numbers(chunk.ranges)
    asked = LiveRequest.objects.filter(submission=submission, row__gte=rows[0], row__lte=rows[-1])
    return len(set(rows) & set(asked.values_list("row", flat=True)))


def unasked_count(submission: Submission) -> int:
    return max(0, submission.total - LiveRequest.objects.filter(submission=submission).count())


def intend(submission: Submission, rows: Sequence[int], provider_team: str) -> list[LiveRequest]:
    """Records that these rows are about to be asked."""
    if submission.create_tried_at is None:
        update(submission, create_tried_at=timezone.now(), provider_team=provider_team)
    return LiveRequest.objects.bulk_create(LiveRequest(submission=submission, row=row) for row in rows)


def refuse(submission: Submission, rows: Iterable[int]) -> None:
    """Records that these rows are not asked, and have ended."""
    ended = (LiveRequest(submission=submission, row=row, state=LiveState.ENDED) for row in rows)
    LiveRequest.objects.bulk_create(ended)


def taken(request: LiveRequest, request_id: str) -> None:
    """Records that xAI took it: storing its id comes before anything else."""
    mine = LiveRequest.objects.filter(pk=request.pk, state=LiveState.SENDING)
    mine.update(state=LiveState.RUNNING, request_id=request_id, look_at=soon(timeouts().first_look))


def withdraw(request: LiveRequest) -> None:
    """Records that xAI did not take it: the row is asked again later."""
    LiveRequest.objects.filter(pk=request.pk, state=LiveState.SENDING).delete()


def set_state(requests: Sequence[LiveRequest], state: LiveState) -> None:
    LiveRequest.objects.filter(pk__in=[request.pk for request in requests]).update(state=state)


def look_later(request: LiveRequest, *, missed: bool = False) -> None:
    """Schedules another look: it still runs, could not be read, or is `missed`, unknown to xAI."""
    wait = timeouts().look_twice if missed else timeouts().poll
    missed_at = timezone.now() if missed else None
    LiveRequest.objects.filter(pk=request.pk).update(look_at=soon(wait), missed_at=missed_at)


def to_read(submission: Submission, now: datetime, count: int, without: set[int]) -> list[LiveRequest]:
    """Returns the next requests whose answers may be there."""
    due = requests_of(submission, LiveState.RUNNING).filter(look_at__lte=now).exclude(pk__in=without)
    return list(due.order_by("look_at")[:count])


def given_up(submission: Submission, now: datetime) -> list[LiveRequest]:
    """Returns the requests that have run too long, as xAI no longer keeps the answer (facts 5), or are to end."""
    wait = timeouts()
    oldest = now - timedelta(seconds=wait.deferred_kept)
    ended = submission.cancel_asked_at
    if ended and (now - ended).total_seconds() >= wait.deferred_after_cancel:
        oldest = now
    return list(requests_of(submission, LiveState.RUNNING).filter(sent_at__lte=oldest))


def seconds_to_read(submission: Submission) -> float | None:
    """Returns seconds until the next answer may be there. None if none is waited for."""
    first = requests_of(submission, LiveState.RUNNING).aggregate(first=Min("look_at"))["first"]
    return None if first is None else max(0.0, (first - timezone.now()).total_seconds())


def is_well(submission: Submission) -> bool:
    """Whether xAI took the row that was asked last."""
    latest = LiveRequest.objects.filter(submission=submission).order_by("-pk").first()
    return bool(latest and latest.request_id)


def replies_get_lost(submission: Submission, most: int) -> bool:
    """Whether the replies to the latest `most` requests were all lost, and nobody has said to continue."""
    latest = LiveRequest.objects.filter(submission=submission).order_by("-pk")[:most]
    states = [request.state for request in latest]
    return len(states) == most and set(states) == {LiveState.LOST}
