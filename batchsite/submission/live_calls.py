"""The calls of one live step: rows are asked, and answers read, several at a time (facts 5).

Intent, network, outcome: a row is on record as `sending` before it is asked, and xAI's id of it is stored before
anything else is done with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from typing import Any

from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.causes import LOST_ANSWER, LOST_REQUEST, REFUSED, cause_of
from batchsite.batches.models import LiveRequest, LiveState, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import ask_to_end, update
from batchsite.processes.leases import LeaseLost
from batchsite.submission import bisect, deferred_calls, live_rows, results_store, sent_files
from batchsite.submission.cap_guard import still_fits
from batchsite.submission.checked_page import check_page
from batchsite.submission.deferred_calls import CallVerdict
from batchsite.submission.live_losses import ANSWER_WAS_LOST, ASK_WAS_LOST, lose
from batchsite.submission.live_pace import pause, room, seconds_to_ask, slow_down, word_wanted
from batchsite.submission.provider_teams import team_of_key
from batchsite.submission.step_context import StepContext
from batchsite.timeouts import timeouts
from batchsite.xai.bodies import CHAT
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import InvalidRequest, RateLimited, XaiError
from batchsite.xai.rate_limits import StartedDeferred
from batchsite.xai.result_page import read_raw_row

CALLS_AT_ONCE = 8
LONGEST_WAIT = 5.0
"""Seconds between two extensions of the lease while replies are awaited."""


def _ask(client: XaiClient, token: str, item: dict[str, Any]) -> deferred_calls.Asked:
    body = item["batch_request"].get(CHAT)
    if body is None:
        return InvalidRequest("Only chat completions can run live, and this row is another kind of request.")
    return deferred_calls.ask(client, body, f"bs-{token} {item['batch_request_id']}")


class Flight:
    """The calls of one step: reads first, as their answers are already paid for."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._unasked = live_rows.Unasked(context)
        self._trouble: XaiError | None = None
        self._failure: Exception | None = None
        self.files_in: float | None = None
        """Seconds until documents that rows wait for can be looked for again. None if no row waits."""
        self._asking: dict[Future[Any], LiveRequest] = {}
        self._reading: dict[Future[Any], LiveRequest] = {}

    def run(self) -> XaiError | None:
        """Returns the first error that concerns more than its row. None if there was none."""
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while True:
                if not (self._failure or self._context.is_over) and deferred_calls.may_ask():
                    self._begin(pool)
                flying = [*self._asking, *self._reading]
                if not flying:
                    if self._failure:
                        raise self._failure
                    return self._trouble
                done, _ = wait(flying, LONGEST_WAIT, FIRST_COMPLETED)
                self._context.claim.extend()
                self._record([future for future in flying if future in done])

    @property
    def _free(self) -> int:
        return CALLS_AT_ONCE - len(self._asking) - len(self._reading)

    # ---- beginning ------------------------------------------------------------------------------

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Begins calls. An error here is raised after the calls in flight are recorded: they are paid for."""
        try:
            if not self._unasked.wants_files:
                self._begin_reads(pool)
                self._begin_asks(pool)
            while self._unasked.wants_files and not (self._trouble or self._asking or self._reading):
                self._bring_files()
                self._begin_asks(pool)
        except LeaseLost:
            raise
        except sent_files.NotThereYet as later:
            self.files_in = later.seconds  # nothing is on its way: the step ends
        except XaiError as error:
            self._trouble = self._trouble or error
        except Exception as error:  # noqa: BLE001  raised by `run`
            self._failure = error

    def _bring_files(self) -> None:
        """Uploads documents while no call is in flight: uploads take long, and replies are recorded at once."""
        refused = self._unasked.bring_files()
        if refused:
            with self._context.locked() as submission:
                live_rows.refuse(submission, refused)
                bisect.fail(submission, refused)

    def _begin_reads(self, pool: ThreadPoolExecutor) -> None:
        known = {request.pk for request in self._reading.values()}
        submission, free = self._context.submission, self._free
        if self._trouble or free < 1:
            return
        for request in live_rows.to_read(submission, timezone.now(), free, known):
            call = partial(deferred_calls.read, self._context.client, request.request_id)
            self._reading[pool.submit(copy_context().run, call)] = request

    def _begin_asks(self, pool: ThreadPoolExecutor) -> None:
        context = self._context
        if self._trouble or context.submission.cancel_asked_at or word_wanted(context.submission)[0]:
            return
        count = min(self._free, room(context.submission))
        if count < 1 or seconds_to_ask(context.account) > 0:
            return
        chosen = self._unasked.take(count)
        if not chosen:
            return
        team = context.submission.provider_team or team_of_key(context.account, context.client)
        with context.locked() as submission:
            if submission.cancel_asked_at or not still_fits(context.batch, len(chosen)):
                return
            generation.advance()
            requests = live_rows.intend(submission, [row for row, _ in chosen], team)
        for request, (_, item) in zip(requests, chosen, strict=True):
            call = partial(_ask, context.client, context.submission.token, item)
            self._asking[pool.submit(copy_context().run, call)] = request

    # ---- what came of it --------------------------------------------------------------------------

    def _record(self, done: Sequence[Future[Any]]) -> None:
        asks = [(self._asking.pop(future), future.result()) for future in done if future in self._asking]
        reads = [(self._reading.pop(future), future.result()) for future in done if future in self._reading]
        if asks:
            self._record_asks(asks)
        answers = [(request, reply) for request, reply in reads if isinstance(reply, dict)]
        if answers:
            self._store(answers)
        others = [(request, reply) for request, reply in reads if not isinstance(reply, dict)]
        if others:
            self._record_no_answers(others)

    def _record_asks(self, asks: Sequence[tuple[LiveRequest, deferred_calls.Asked]]) -> None:
        with self._context.locked() as submission:
            for request, reply in asks:
                if isinstance(reply, StartedDeferred):
                    live_rows.taken(request, reply.request_id)
                    now = timezone.now()
                    update(submission, sent=submission.sent + 1, sent_at=now, changed_at=now)
                else:
                    self._not_asked(submission, request, reply)
        for _, reply in asks:
            if isinstance(reply, StartedDeferred):
                slow_down(self._context.account, reply.limits)
            elif isinstance(reply, RateLimited):
                pause(self._context.account, reply.retry_after or timeouts().poll)

    def _not_asked(self, submission: Submission, request: LiveRequest, error: XaiError) -> None:
        verdict = deferred_calls.after_asking(error)
        if verdict is CallVerdict.NOT_TAKEN:
            live_rows.withdraw(request)
            if not isinstance(error, RateLimited):
                self._trouble = self._trouble or error
        elif verdict is CallVerdict.LOST:
            lose(submission, [request], ASK_WAS_LOST, LOST_REQUEST, LiveState.LOST, error.message)
            self._trouble = self._trouble or error
        elif not submission.sent and submission.failed + 1 >= bisect.HOPELESS:  # it is not the rows
            live_rows.withdraw(request)
            ask_to_end(submission, State.FAILED, RowState.FAILED, error.message)
        else:
            self._fail(submission, request, error, REFUSED)

    def _fail(self, submission: Submission, request: LiveRequest, error: XaiError, cause: str) -> None:
        live_rows.set_state([request], LiveState.ENDED)
        results_store.declare(submission, [request.row], RowState.FAILED, error.message, cause)
        words = "xAI refused individual rows"
        detail, trace = error.message, error.trace_id
        note(submission.batch_id, "refused_row", words, submission=submission, detail=detail, trace_id=trace)

    def _store(self, answers: Sequence[tuple[LiveRequest, dict[str, Any]]]) -> None:
        """Stores answers as a page of results, in one transaction with their requests."""
        names = self._names([request for request, _ in answers])
        raw = [
            {"batch_request_id": names[request.row], "batch_result": {"response": {"chat_get_completion": completion}}}
            for request, completion in answers
        ]
        rows = check_page(self._context.submission, map(read_raw_row, raw))
        with self._context.locked() as submission:
            results_store.store_rows(submission, rows)
            live_rows.set_state([request for request, _ in answers], LiveState.ENDED)

    def _names(self, requests: Sequence[LiveRequest]) -> dict[int, str]:
        """Returns the ids by which the results of these rows are stored."""
        cells = self._context.batch.dataset.pick(request.row for request in requests)
        recipe = self._unasked.recipe
        return {row: recipe.request_id(row, cells[row]) for row in cells}

    def _record_no_answers(self, reads: Sequence[tuple[LiveRequest, XaiError | None]]) -> None:
        with self._context.locked() as submission:
            for request, reply in reads:
                if reply is None:
                    live_rows.look_later(request)
                    continue
                verdict = deferred_calls.after_reading(reply)
                if verdict is CallVerdict.GONE and deferred_calls.is_missed_twice(request.missed_at):
                    lose(submission, [request], ANSWER_WAS_LOST, LOST_ANSWER, LiveState.ENDED)
                elif verdict is CallVerdict.REFUSED:
                    self._fail(submission, request, reply, cause_of(reply.message))
                else:
                    live_rows.look_later(request, missed=verdict is CallVerdict.GONE)
                    if verdict is CallVerdict.NOT_TAKEN and not isinstance(reply, RateLimited):
                        self._trouble = self._trouble or reply
