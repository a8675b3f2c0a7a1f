"""No window between two lines is left to luck: a batch is cut at every boundary, and goes on (rule 5).

`CUT_NIGHTLY=1`: every story at every boundary, on PostgreSQL, too, and every sleeper is woken. Without it each story is
cut at every third boundary. `CUT_EVERY=…` says how many boundaries apart the cuts are, `CUT_PAIRS=…` how many pairs of
cuts are tried in each story.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from batchsite.batches.models import Batch
from batchsite.batches.signals import batch_starting
from batchsite.batches.states import HeldFor
from batchsite.submission import actions
from batchsite.submission.tried_rows import Tried, keep_tried
from tests.cuts import Guillotine, Sleeper
from tests.factories import make_team
from tests.sandboxes import Sandbox
from tests.submission.lives import ROWS, Life, check

pytestmark = pytest.mark.django_db(transaction=True)
NIGHTLY = os.environ.get("CUT_NIGHTLY") == "1"
PAIRS = int(os.environ.get("CUT_PAIRS", "12" if NIGHTLY else "4"))
EVERY = int(os.environ.get("CUT_EVERY", "1" if NIGHTLY else "3"))
WOKEN_EVERY = EVERY if NIGHTLY else 12
"""Of the boundaries at which a process may fall asleep and wake later, so many are left out."""


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=3, page_rows=4)


# ---- what happens to the batch -------------------------------------------------------------------------------


def nothing(batch: Batch) -> bool:
    return False


def retry_once(batch: Batch) -> bool:
    """Rows failed: they are tried again when the batch has ended."""
    if batch.is_terminal and batch.failed and batch.submissions.count() == 1:
        actions.retry(batch, None)
        return True
    return False


def cancel_early(batch: Batch) -> bool:
    """Cancelled as soon as anything was sent."""
    sent = batch.is_running and batch.submissions.filter(sent__gt=0, cancel_asked_at=None).exists()
    if sent:
        actions.cancel(batch, None)
    return sent


def retry_misfits(batch: Batch) -> bool:
    """Answers did not fit their shape: they are asked for once more when the batch has ended."""
    if batch.is_terminal and batch.misfits and batch.submissions.count() == 1:
        actions.retry(batch, None, misfits=True)
        return True
    return False


def cap_in_the_middle(batch: Batch) -> bool:
    """A spending cap that is reached while rows run: they are cancelled at xAI, and go on below a higher one."""
    if batch.spend_cap_ticks is None and batch.succeeded and not batch.is_terminal:
        actions.set_spend_cap(batch, batch.cost_ticks, None)
        return True
    if batch.held_for == HeldFor.CAP:
        actions.set_spend_cap(batch, 10**12, None)
        return True
    return False


STORIES: dict[str, tuple[Callable[[Batch], bool], dict[str, Any] | None]] = {
    "plain": (nothing, None),
    "retry": (retry_once, {"what": "fail_rows", "ids": ["table-row-2", "table-row-6"], "batches": 1}),
    "cancel": (cancel_early, None),
    "shaped": (retry_misfits, None),
    "live": (nothing, None),
    "live, cancelled": (cancel_early, None),
    "capped": (cap_in_the_middle, {"what": "hang_rows", "ids": ["table-row-2", "table-row-6"], "batches": 1}),
    "once": (retry_once, {"what": "fail_rows", "ids": ["table-row-1"], "batches": 1}),
}
PARTS_WAYS = {"plain": "", "retry": "before GET", "cancel": "after POST", "shaped": 'UPDATE "batches_batch"'}
PARTS_WAYS |= {"capped": ":cancel", "once": 'UPDATE "batches_batch"'}
PARTS_WAYS |= {"live": "before POST", "live, cancelled": "before POST"}
"""In the name of the boundary from which on a story is not the plain one."""
DRAFT: dict[str, Any] = {"prompt": "Answer: {{text}}", "model": "grok-4.3"}
SHAPED = DRAFT | {
    "shape": {"fields": [{"name": "word", "type": "choice", "values": ["seven", "another question"]}]},
    "params": {"max_completion_tokens": 5},  # enough for seven only
    "skip_empty": True,
}
"""Row 4 is empty, and row 6 was answered when it was tried."""
SEARCHING = DRAFT | {"tools": {"web_search": {}, "mcp": {"servers": ["notes"]}}}
"""With a server that every team approves for itself (`Life.begin`)."""
ONCE = DRAFT | {"repeats": "once"}
"""Rows 3 and 5 repeat row 1, which fails at first, and row 7 repeats row 6."""
KEPT = {"choices": [{"message": {"role": "assistant", "content": '{"word":"seven"}'}, "finish_reason": "stop"}]}


LIVE = DRAFT | {"runs_live": True, "model": "grok-4.7"}
"""What a death leaves unknown is declared; see tests/live.py."""


@pytest.fixture(autouse=True)
def _kept_rows() -> Iterator[None]:
    def keep(batch: Batch, **_: Any) -> None:
        if batch.skip_empty:
            keep_tried(batch, [Tried(6, KEPT, 77)])

    batch_starting.connect(keep)
    yield
    batch_starting.disconnect(keep)


class Stage:
    """Plays one story over and over, with other cuts each time."""

    def __init__(self, name: str, sandbox: Sandbox, table: Path) -> None:
        self.name = name
        self.after, self.fault = STORIES[name]
        self.sandbox, self.table, self.runs = sandbox, table, 0
        drafts = {"shaped": SHAPED, "once": ONCE, "retry": SEARCHING}
        self.draft = drafts.get(name, LIVE if name.startswith("live") else DRAFT)

    def play(self, *cuts: int) -> Guillotine:
        self.runs += 1
        if self.runs % 40 == 1:
            self.sandbox.reset()
            is_slow = self.after is cancel_early
            self.sandbox.set(rate=200 if is_slow else 0, deferred_delay=0.3 if is_slow else 0)
        self.sandbox.mend()
        if self.fault:
            self.sandbox.fault(**self.fault)
        guillotine, before = Guillotine(*cuts), self.batches()
        life = Life(make_team(), self.table, guillotine, self.after, self.draft)
        life.live()
        check(life, self.sandbox, before)
        return guillotine

    def batches(self) -> frozenset[str]:
        return frozenset(batch["batch_id"] for batch in self.sandbox.batches())

    def play_with_sleeper(self, at: int) -> Sleeper:
        """A process falls asleep at that boundary, another one does all the work, and the first one goes on."""
        self.runs += 1
        self.sandbox.mend()
        self.sandbox.set(identical_adds="ignored")  # an add that sleeps before it leaves cannot be called back
        if self.fault:
            self.sandbox.fault(**self.fault)
        sleeper, before, raised = Sleeper(at), self.batches(), list[BaseException]()
        first = Life(make_team(), self.table, sleeper, self.after, self.draft)
        first.deaths = 1

        def live() -> None:
            try:
                first.live(60)
            except Exception as error:  # noqa: BLE001  raised below
                raised.append(error)
            finally:
                sleeper.asleep.set()
                connection.close()

        thread = threading.Thread(target=live)
        sleeper.sleeps_in(thread)
        thread.start()
        try:
            assert sleeper.asleep.wait(60), "it neither fell asleep nor came to an end"
            sleeper.expire_leases()
            second = Life(first.team, self.table, Guillotine(), self.after, self.draft)
            while not second.deed():
                pass
        finally:
            sleeper.wake.set()
            thread.join(60)
        assert not raised, raised
        check(first, self.sandbox, before)
        return sleeper


ON_EVERY_DATABASE = tuple(STORIES) if NIGHTLY else ("plain",)
PLAYED = [pytest.param(name, marks=[pytest.mark.databases] * (name in ON_EVERY_DATABASE)) for name in STORIES]


@pytest.fixture(params=PLAYED)
def stage(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Stage:
    table = tmp_path / "table.csv"
    rows = [f"Question {number}" for number in range(1, ROWS + 1)]
    if request.param == "shaped":
        rows[3], rows[6] = '""', "Question seven"
    if request.param == "once":
        rows[2] = rows[4] = rows[0]
        rows[6] = rows[5]
    table.write_text("\n".join(["text", *rows, ""]))
    return Stage(request.param, sandbox, table)


def its_own_cuts(stage: Stage, whole: Guillotine) -> list[int]:
    """Returns the cuts of a story without those of its beginning, which it shares with the plain one."""
    sign = PARTS_WAYS[stage.name]
    begin = next(number for number, name in enumerate(whole.names, 1) if sign in name)
    return [cut for cut in whole.different_cuts() if cut >= begin]


def test_cut_at_every_boundary(stage: Stage) -> None:
    whole = stage.play()
    assert whole.count > 40, "where are the boundaries?"
    for cut in its_own_cuts(stage, whole)[::EVERY]:
        try:
            stage.play(cut)
        except AssertionError as error:
            raise AssertionError(f"cut {cut} of {whole.count}, at {whole.names[cut - 1]!r}: {error}") from error
    print(f"{stage.runs} lives, {whole.count} boundaries")


def test_the_dead_wake_later(stage: Stage) -> None:
    """Whoever was thought dead goes on where it stood, after all was done: nothing is overwritten or paid again."""
    at, fell_asleep = 1, True
    while fell_asleep:
        try:
            fell_asleep = stage.play_with_sleeper(at).slept
        except AssertionError as error:
            raise AssertionError(f"asleep at boundary {at}: {error}") from error
        at += WOKEN_EVERY
    assert at > 20, "where are the boundaries?"


def test_cut_twice(stage: Stage) -> None:
    """Pairs of boundaries that chance takes, the same ones each time."""
    whole = stage.play()
    pairs = list(itertools.combinations(range(1, whole.count + 20), 2))
    for first, second in random.Random(7).sample(pairs, PAIRS):
        try:
            stage.play(first, second)
        except AssertionError as error:
            raise AssertionError(f"cuts {first} and {second}: {error}") from error
