"""Sending: the batch at xAI is created once, and every chunk is added once.

Documents that rows name are at xAI before them (sent_files.py).
Intent, network, outcome (rule 3): record what will be sent, make the call outside of any transaction, record what
came back. A call whose outcome is unknown is never simply repeated: a create is looked for by its unique name
(creation.py), an add by its ids (reconcile.py; facts 1.6).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.batch_recipe import recipe_sent
from batchsite.batches.batchable import answers_at, is_known, remember
from batchsite.batches.models import Chunk, ChunkState
from batchsite.batches.states import State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import move, update
from batchsite.recipes.recipe import NumberedRow, digest
from batchsite.submission import bisect, cap_guard, sent_files
from batchsite.submission.creation import create, look, may_exist
from batchsite.submission.provider_calls import burst_of, reserve
from batchsite.submission.reconcile import resolve_unknown
from batchsite.submission.step_context import StepContext
from batchsite.submission.watch import watch
from batchsite.timeouts import timeouts
from batchsite.wording import many
from batchsite.xai.errors import ContentDiffers, XaiError

CALLS_AT_ONCE = 4
"""Add calls in flight. More bring nothing (measured)."""
LONGEST_PAUSE = 0.25
"""Seconds that a step sleeps for its place in the provider's limits. What must wait longer is due later."""


def submit(context: StepContext) -> float | None:
    """Creates the batch and adds its chunks, as far as one step goes. Returns seconds until the next look."""
    if not context.submission.remote_id:
        wait = None if may_exist(context.submission) else cap_guard.seconds_to_room(context.submission)
        wait = create(context) if wait is None else wait
        if wait is not None:
            return wait
    wait = resolve_unknown(context)
    if wait is not None:
        return wait
    try:
        return _add(context)
    except sent_files.NotThereYet as later:
        return later.seconds


def withdraw(context: StepContext) -> float | None:
    """Cancels while rows are still being sent: what is at xAI is cancelled there, the other rows are never sent."""
    if not context.submission.remote_id and may_exist(context.submission):
        wait = look(context)
        if wait is not None:
            return wait
    if context.submission.remote_id:
        return watch(context)
    with context.locked() as submission:
        move(submission, State.CANCELLING)
        move(submission, State.COLLECTING, settled_at=timezone.now(), walks=1)  # nothing there to walk through
    return 0


# ---- adding ----------------------------------------------------------------------------------------


@dataclass
class Sending:
    """A chunk and its add call."""

    chunk: Chunk
    body: bytes
    reply: Future[None] | None = None


def _add(context: StepContext) -> float | None:
    """Sends chunks, a few at a time, until none is left or the step is over.

    The outcomes of calls are stored while the next ones, whose intent is stored, are in flight.
    """
    on_their_way: list[Sending] = []
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        try:
            while not context.is_over:
                ready = _build(context, _next_chunks(context))
                wait = reserve(context.account, "add", len(ready), only_within=LONGEST_PAUSE) if ready else 0.0
                if ready and wait <= LONGEST_PAUSE:
                    time.sleep(wait)
                    ready = _send(context, ready, pool)
                arrived, on_their_way = on_their_way, ready if wait <= LONGEST_PAUSE else []
                if arrived:
                    _record(context, arrived)
                if wait > LONGEST_PAUSE:
                    return wait
                if not on_their_way and not _next_chunks(context):
                    return _all_sent(context)
        except BaseException:
            if on_their_way:
                with contextlib.suppress(XaiError):  # the first one tells
                    _record(context, on_their_way)
            raise
        if on_their_way:
            _record(context, on_their_way)
    return 0


def _send(context: StepContext, sendings: list[Sending], pool: ThreadPoolExecutor) -> list[Sending]:
    """Stores what is about to be sent, and sends it. Returns what was sent: nothing if it no longer fits."""
    if not _intend(context, sendings):
        return []
    for sending in sendings:
        add = partial(context.client.add_requests, context.submission.remote_id, sending.body)
        sending.reply = pool.submit(copy_context().run, add)  # its log lines name the batch too
    return sendings


def _next_chunks(context: StepContext) -> list[Chunk]:
    planned = context.submission.chunks.filter(state=ChunkState.PLANNED)
    chunks = planned.order_by("first_row")[: min(CALLS_AT_ONCE, burst_of("add"))]
    return cap_guard.chunks_that_fit(context, list(chunks))


def _build(context: StepContext, chunks: Sequence[Chunk]) -> list[Sending]:
    """Returns the chunks with their bodies. One too big for a call is cut in two, and waits for the next round."""
    recipe, dataset = recipe_sent(context.submission), context.batch.dataset
    sendings = []
    for chunk in chunks:
        spans = ((first, last) for first, last in chunk.ranges)
        numbered: Iterable[NumberedRow] = (
            row for start, rows in dataset.slices_in(spans) for row in enumerate(rows, start)
        )
        if sent_files.has_uploads(recipe):
            numbered = some = list(numbered)
            recipe, refused = sent_files.bring(context, recipe, some)
            if refused:
                with context.locked() as submission:
                    bisect.drop(submission, chunk, refused)
                continue
        body = recipe.body(numbered)
        if len(body) > settings.OPTIONS.chunk_bytes and chunk.count > 1:
            with context.locked():
                bisect.cut(chunk)
        else:
            sendings.append(Sending(chunk, body))
    return sendings


def _intend(context: StepContext, sendings: Sequence[Sending]) -> bool:
    """Records what is about to be sent. False if others took its room below the cap. Raises DatabaseWentBack."""
    with context.locked():
        if not cap_guard.still_fits(context.batch, sum(sending.chunk.count for sending in sendings)):
            return False
        generation.advance()
        for sending in sendings:
            chunk = sending.chunk
            chunk.state, chunk.sha256, chunk.size = ChunkState.SENDING, digest(sending.body), len(sending.body)
            chunk.sent_at = timezone.now()
            chunk.save(update_fields=["state", "sha256", "size", "sent_at"])
    return True


def _record(context: StepContext, sendings: Sequence[Sending]) -> None:
    """Records the outcome of each call, then raises the first error that concerns more than its chunk."""
    outcomes = [(sending.chunk, _error_of(sending)) for sending in sendings]
    grave: list[XaiError] = []
    with context.locked() as submission:
        for chunk, error in outcomes:
            if error is None:
                _set_state(chunk, ChunkState.SENT)
                update(submission, sent=submission.sent + chunk.count, sent_at=timezone.now())
            elif not (error.unknown_outcome or isinstance(error, ContentDiffers)):
                _set_state(chunk, ChunkState.PLANNED)
        for chunk, error in outcomes:
            if error and not (bisect.concerns_rows(error) and bisect.isolate(submission, chunk, error)):
                grave.append(error)
    if grave:
        raise grave[0]


def _set_state(chunk: Chunk, state: ChunkState) -> None:
    chunk.state = state
    chunk.save(update_fields=["state"])


def _error_of(sending: Sending) -> XaiError | None:
    assert sending.reply is not None  # noqa: S101
    try:
        sending.reply.result()
    except XaiError as error:
        return error
    return None


def _remember_model(context: StepContext) -> None:
    """Remembers that xAI takes the model in batches, if that was not known."""
    batch, base_url = context.batch, context.account.base_url
    if not batch.dataset.holds_requests and not is_known(batch.model, answers_at(base_url)):
        remember(base_url, batch.model, takes_batches=True)


def _all_sent(context: StepContext) -> float:
    """Moves on to polling: xAI took every chunk that may be sent. Returns seconds until the first look."""
    wait = cap_guard.leave_rest(context)
    if wait is not None:
        return wait
    with context.locked() as submission:
        count, now = submission.chunks.count(), timezone.now()
        move(submission, State.PROCESSING, changed_at=now, sent_at=submission.sent_at or now)
        note(
            submission.batch_id,
            "sent",
            f"{many(submission.sent, 'row')} sent in {many(count, 'chunk')}",
            submission=submission,
        )
        _remember_model(context)
    return timeouts().first_look
