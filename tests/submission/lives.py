"""A dataset and its batch, taken to the end by processes that may die, and the books that must agree then."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import State
from batchsite.batches.tool_use import ToolUse
from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.submission.live_calls import CALLS_AT_ONCE
from batchsite.teams import tool_servers
from batchsite.teams.models import Team
from tests.cuts import Guillotine
from tests.live import check_live_books
from tests.patience import patient
from tests.pipeline import step_all, story
from tests.sandboxes import Sandbox

ROWS = 7
SERVER = {"label": "notes", "url": "https://example.org/private/mcp", "sentence": "", "token": "token-of-the-server"}
"""The sandbox refuses it without its token."""


class Life:
    """A dataset and its batch, taken forward one small deed at a time, by processes that may die at any of them."""

    def __init__(
        self, team: Team, table: Path, guillotine: Guillotine, after: Callable[[Batch], bool], draft: dict[str, Any]
    ) -> None:
        self.team, self.table, self.guillotine, self.after, self.draft = team, table, guillotine, after, draft
        self.deaths = len(guillotine.at)

    @property
    def batch(self) -> Batch:
        return Batch.objects.select_related("dataset", "team").get(team=self.team)

    def live(self, seconds: float = 30) -> None:
        """Deed by deed to the end; a death is followed by a new process. `seconds` are of the processor's time."""
        deadline = time.process_time() + patient(seconds)
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
                Batch.objects.filter(team=self.team).update(**self._own_draft())
            actions.start(self.batch, None, None)
        elif self.after(batch):
            pass
        elif batch.is_running:
            self.guillotine.in_a_step = True
            step_all(batch)
            self.guillotine.in_a_step = False
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
            Batch.objects.filter(pk=batch.pk).update(**self._own_draft())

    def _own_draft(self) -> dict[str, Any]:
        """The draft, with the team's own server if it names one."""
        tools = self.draft.get("tools", {})
        if "mcp" not in tools:
            return self.draft
        found = tool_servers.servers_of(self.team).first() or tool_servers.approve(self.team, None, **SERVER)
        return self.draft | {"tools": tools | {"mcp": {"servers": [found.pk]}}}


def check(life: Life, sandbox: Sandbox, before: frozenset[str]) -> None:
    """Every row has its fate once, and what was billed is what we know of. `before`: batches of earlier lives."""
    batch = life.batch
    results = {result.row: result for result in Result.objects.filter(batch=batch)}
    assert sorted(results) == list(range(1, ROWS + 1)), story(batch)
    states = ("succeeded", "failed", "cancelled", "skipped")
    counts = [sum(result.state == state for result in results.values()) for state in states]
    assert counts == [batch.succeeded, batch.failed, batch.cancelled, batch.skipped]
    assert sum(counts) + batch.missing == ROWS
    assert batch.tool_calls == sum(ToolUse.of(result.tool_use).count for result in results.values())
    assert bool(batch.tool_ticks) == bool(batch.tools)
    assert batch.misfits == sum(bool(result.misfit) for result in results.values())
    if batch.runs_live:
        lost = check_live_books(batch, sandbox)
        most = CALLS_AT_ONCE * life.deaths
        assert len(lost) <= most, f"{len(lost)} rows were lost in {life.deaths} deaths: {story(batch)}"
        return
    kept = [result.cost_ticks for result in results.values() if result.submission_id is None]
    assert [len(kept), batch.skipped] == ([1, 1] if batch.skip_empty else [0, 0])
    names = [f"[bs-{submission.token}]" for submission in batch.submissions.all()]
    made = [one for one in sandbox.batches() if one["batch_id"] not in before]
    ours = [one for one in made if any(name in one["name"] for name in names)]
    strangers = [one["name"] for one in made if one not in ours and one["requests"]]
    assert not strangers, f"xAI has batches with rows that nobody here knows: {strangers}"
    again = [row for row in sandbox.rows(but=before) if row["processed"] > 1]
    assert not again, f"billed again: {again}"
    assert batch.cost_ticks == sum(result.cost_ticks for result in results.values())
    assert batch.cost_ticks == sum(one["cost_in_usd_ticks"] for one in ours) + sum(kept)
    copies = [result for result in results.values() if result.copy_of is not None]
    assert len(copies) == batch.copies == (3 if batch.repeats else 0)
    answered = sum(one["succeeded"] for one in ours) + len(kept) + sum(one.state == "succeeded" for one in copies)
    assert answered == batch.succeeded + replaced(batch), "a row was answered twice, or an answer was lost"


def replaced(batch: Batch) -> int:
    """Answers that a later attempt took the place of: those that did not fit and were tried again."""
    earlier = Result.objects.filter(batch=batch).exclude(earlier=None).values_list("earlier", flat=True)
    return sum(one["state"] == "succeeded" for attempts in earlier for one in attempts or [])
