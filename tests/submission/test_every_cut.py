"""No window between two lines is left to luck: a batch is cut at every boundary, and goes on (rule 5).

`CUT_PAIRS=…` says how many pairs of cuts are tried in each story. `CUT_EVERY=3` cuts at every third boundary only.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchsite.batches.models import Batch, Result
from batchsite.batches.signals import batch_starting
from batchsite.batches.states import State
from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.teams.models import Team
from tests.cuts import Guillotine
from tests.factories import make_team
from tests.pipeline import step_all, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 7
PAIRS = int(os.environ.get("CUT_PAIRS", "12"))
EVERY = int(os.environ.get("CUT_EVERY", "1"))


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=3, page_rows=4)


class Life:
    """A dataset and its batch, taken forward one small deed at a time, by processes that may die at any of them."""

    def __init__(
        self, team: Team, table: Path, guillotine: Guillotine, after: Callable[[Batch], bool], draft: dict[str, Any]
    ) -> None:
        self.team, self.table, self.guillotine, self.after, self.draft = team, table, guillotine, after, draft

    @property
    def batch(self) -> Batch:
        return Batch.objects.select_related("dataset", "team").get(team=self.team)

    def live(self, seconds: float = 30) -> None:
        """Deed by deed to the end; a death is followed by a new process. `seconds` are of the processor's time."""
        deadline = time.process_time() + seconds
        with self.guillotine.over_everything():
            while True:
                assert time.process_time() < deadline, f"hangs: {story(self.batch)}"
                with self.guillotine.to_the_end():
                    if self.deed():
                        return

    def deed(self) -> bool:
        """The next thing that a worker or a person would do; True at the end."""
        batch = Batch.objects.select_related("dataset", "team").filter(team=self.team).first()
        if batch is None:
            self.begin()
        elif batch.state == State.DRAFT:
            if not batch.prompt:
                Batch.objects.filter(team=self.team).update(**self.draft)
            actions.start(self.batch, None, None)
        elif self.after(batch):
            pass
        elif batch.is_running:
            step_all(batch)
        else:
            return True
        return False

    def begin(self) -> None:
        dataset = Dataset.objects.filter(team=self.team, deleted_at=None).exclude(state=DatasetState.REFUSED).first()
        if dataset is None:
            importer.receive_path(self.team, self.table)
        elif dataset.state != DatasetState.READY:
            importer.import_step(dataset.pk)
        else:
            batch = draft_store.new_draft(self.team, None, dataset)
            Batch.objects.filter(pk=batch.pk).update(**self.draft)


def check(life: Life, sandbox: Sandbox) -> None:
    """Every row has its fate once, and what was billed is what we know of."""
    batch = life.batch
    results = {result.row: result for result in Result.objects.filter(batch=batch)}
    assert sorted(results) == list(range(1, ROWS + 1)), story(batch)
    states = ("succeeded", "failed", "cancelled", "skipped")
    counts = [sum(result.state == state for result in results.values()) for state in states]
    assert counts == [batch.succeeded, batch.failed, batch.cancelled, batch.skipped]
    assert sum(counts) + batch.missing == ROWS
    assert batch.misfits == sum(bool(result.misfit) for result in results.values())
    kept = [result.cost_ticks for result in results.values() if result.submission_id is None]
    assert [len(kept), batch.skipped] == ([1, 1] if batch.skip_empty else [0, 0])
    names = [f"[bs-{submission.token}]" for submission in batch.submissions.all()]
    ours = [one for one in sandbox.batches() if any(name in one["name"] for name in names)]
    assert batch.cost_ticks == sum(result.cost_ticks for result in results.values())
    assert batch.cost_ticks == sum(one["cost_in_usd_ticks"] for one in ours) + sum(kept)
    answered = sum(one["succeeded"] for one in ours) + len(kept)
    assert answered == batch.succeeded + replaced(batch), "a row was answered twice, or an answer was lost"


def replaced(batch: Batch) -> int:
    """Answers that a later attempt took the place of: those that did not fit and were tried again."""
    earlier = Result.objects.filter(batch=batch).exclude(earlier=None).values_list("earlier", flat=True)
    return sum(one["state"] == "succeeded" for attempts in earlier for one in attempts or [])


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


STORIES: dict[str, tuple[Callable[[Batch], bool], dict[str, Any] | None]] = {
    "plain": (nothing, None),
    "retry": (retry_once, {"what": "fail_rows", "ids": ["table-row-2", "table-row-6"], "batches": 1}),
    "cancel": (cancel_early, None),
    "shaped": (retry_misfits, None),
}
PARTS_WAYS = {"plain": "", "retry": "before GET", "cancel": "after POST", "shaped": 'UPDATE "batches_batch"'}
"""In the name of the boundary from which on a story is not the plain one."""
DRAFT: dict[str, Any] = {"prompt": "Answer: {{text}}", "model": "grok-4.3"}
SHAPED = DRAFT | {
    "shape": {"fields": [{"name": "word", "type": "choice", "values": ["seven", "another question"]}]},
    "params": {"max_completion_tokens": 5},  # enough for seven only
    "skip_empty": True,
}
"""Row 4 is empty, and row 6 was answered when it was tried."""
KEPT = {"choices": [{"message": {"role": "assistant", "content": '{"word":"seven"}'}, "finish_reason": "stop"}]}


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
        self.draft = SHAPED if name == "shaped" else DRAFT

    def play(self, *cuts: int) -> Guillotine:
        self.runs += 1
        if self.runs % 40 == 1:
            self.sandbox.reset()
            self.sandbox.set(rate=200 if self.after is cancel_early else 0)
        self.sandbox.mend()
        if self.fault:
            self.sandbox.fault(**self.fault)
        guillotine = Guillotine(*cuts)
        life = Life(make_team(), self.table, guillotine, self.after, self.draft)
        life.live()
        check(life, self.sandbox)
        return guillotine


ON_EVERY_DATABASE = [pytest.param(name, marks=pytest.mark.databases) for name in ("plain", "cancel")]


@pytest.fixture(params=[*ON_EVERY_DATABASE, "retry", "shaped"])
def stage(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Stage:
    table = tmp_path / "table.csv"
    rows = [f"Question {number}" for number in range(1, ROWS + 1)]
    if request.param == "shaped":
        rows[3], rows[6] = '""', "Question seven"
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


def test_cut_twice(stage: Stage) -> None:
    """Pairs of boundaries that chance takes, the same ones each time."""
    whole = stage.play()
    pairs = list(itertools.combinations(range(1, whole.count + 20), 2))
    for first, second in random.Random(7).sample(pairs, PAIRS):
        try:
            stage.play(first, second)
        except AssertionError as error:
            raise AssertionError(f"cuts {first} and {second}: {error}") from error
