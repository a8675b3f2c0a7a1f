"""What two people do while everything breaks: upload, try, start, cancel, finish, retry, download, run from the shell.

They press over HTTP, each on a machine of their own where there are two, and often the same thing at once, or twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
from django.db import Error, connections

from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch, Result
from batchsite.batches.signals import batch_starting
from batchsite.batches.states import RUNNING, TERMINAL, RowState, State
from batchsite.datasets.importer import receive_path
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import draft_store
from batchsite.recipes.row_set import RowSet
from batchsite.submission import actions
from batchsite.submission.actions import NotNow
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.teams.forms import ticks_of
from batchsite.teams.models import Membership, Team, User
from batchsite.trials import trial_start
from batchsite.trials.models import Trial
from batchsite.trials.trial_start import TrialRefused
from tests.chaos.actor import Actor
from tests.chaos.eyes import Eyes
from tests.chaos.money import Purse
from tests.chaos.scene import Scene
from tests.chaos.shell import Shell
from tests.chaos.tables import LARGEST_LIVE, PROMPT, SHAPE, Table, key_of, some_table
from tests.chaos.tally import Tally
from tests.chaos.visitor import Visitor, press_together

MOST_RUNNING = 7
LONGEST_TRY = 6.0
"""Seconds from a try to the submit, at most."""


def _completion(answer: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}]}


class People(Actor):
    """Does things until it is told to stop."""

    def __init__(self, scene: Scene, tally: Tally, over: threading.Event) -> None:
        super().__init__("people", scene, tally, over)
        self.folder = scene.folder / "tables"
        self.folder.mkdir()
        self.begun = 0
        self.wrong: list[str] = []
        """Downloads that were complete, and not what they should be; pages that broke; caps that were passed."""
        self._waiting: dict[int, Table] = {}
        self._drafts: dict[int, float] = {}
        """Drafts that were tried, and when they are submitted."""
        self.shell = Shell(scene, tally, self.folder)
        self.visitors = [Visitor("Ada", scene.sites[0]), Visitor("Ben", scene.sites[-1])]
        self.purse, self.eyes = Purse(self, self.dice), Eyes(self, self.dice)
        self.doings: dict[Callable[[], str], int] = {
            self.begin: 8,
            self.cancel: 1,
            self.finish_early: 1,
            self.retry: 3,
            self.retry_a_row: 1,
            self.stop_a_try: 1,
            self.go_on: 3,
            self.run_beside: 3,
            self.eyes.download: 2,
            self.eyes.look: 2,
            self.purse.change_a_cap: 2,
            self.purse.answer_a_cap: 3,
            self.purse.tighten_budget: 1,
        }

    def settle_in(self) -> None:
        """The first visit. Nothing breaks yet."""
        first, *others = self.visitors
        first.set_up("Chaos")
        self.team = Team.objects.get()
        for visitor in others:
            account = visitor.account
            user = User.objects.create_user(account["email"], account["password"], account["name"])
            Membership.objects.create(team=self.team, user=user)
            visitor.sign_in()
        batch_starting.connect(self._keep_some)

    def _keep_some(self, batch: Batch, **_: Any) -> None:
        """Some batches that are started by this process come with made-up answers; other ones are really tried."""
        if self.dice.random() < 0.3 and not batch.trials.exists():
            rows = self.dice.sample(list(batch.rows), min(4, len(batch.rows)))
            said = [orjson.dumps({"said": f"Kept: Sort {key_of(batch.name, row)} now:", "sure": True}) for row in rows]
            keep_tried(batch, [Tried(row, _completion(text.decode()), 1) for row, text in zip(rows, said, strict=True)])
            self.tally.count(self.tally.done, "rows kept from tries", len(rows))

    def act(self) -> None:
        while not self.over.wait(self.dice.uniform(0.1, 0.8)):
            [doing] = self.dice.choices(list(self.doings), list(self.doings.values()))
            with self.scene.hands:
                for each in (self._start_what_is_ready, self._submit_what_was_tried, doing, self.purse.lift_budget):
                    self._try(each)
        while not self._try(self.purse.lift_budget):
            time.sleep(1)
        connections.close_all()

    def _try(self, doing: Callable[[], str]) -> bool:
        """What breaks is tried again another day, as people do. Returns whether nothing broke."""
        try:
            if did := doing():
                self.tally.count(self.tally.done, did)
        except (Error, httpx.TransportError, NotNow, TrialRefused, OSError) as error:
            self.tally.count(self.tally.oddities, f"{doing.__name__.strip('_')}: {type(error).__name__}")
            connections.close_all()
            return False
        return True

    # ---- beginning ----------------------------------------------------------------------------------

    def begin(self) -> str:
        running = Batch.objects.filter(state__in=RUNNING).count() + len(self._waiting)
        if self.begun >= self.scene.plan.batches or running >= MOST_RUNNING:
            return ""
        self.begun += 1
        table = some_table(self.begun, self.dice)
        path = table.write(self.folder, self.dice)
        way = self.dice.choice((self._upload, self._receive, self._runbatch))
        return way(table, path)

    def _upload(self, table: Table, path: Path) -> str:
        reply = self.dice.choice(self.visitors).post(
            "/datasets/upload",
            {"name": table.name},
            files={"file": (path.name, path.read_bytes(), "text/csv")},
            headers={"accept": "application/json"},
        )
        if reply.status_code != 201:
            self.tally.count(self.tally.oddities, f"upload: {reply.status_code}")
            return ""
        self._waiting[int(reply.json()["url"].rstrip("/").rsplit("/", 1)[1])] = table
        return "uploads"

    def _receive(self, table: Table, path: Path) -> str:
        self._waiting[receive_path(self.team, path, table.name).pk] = table
        return "files taken in"

    def _start_what_is_ready(self) -> str:
        ready = Dataset.objects.filter(pk__in=list(self._waiting)).exclude(state=DatasetState.IMPORTING)
        for dataset in ready:
            table = self._waiting[dataset.pk]
            if dataset.state != DatasetState.READY or dataset.row_count != table.rows:
                self.wrong.append(f"{table.name}: {dataset.state} with {dataset.row_count} of {table.rows} rows")
            elif not Batch.objects.filter(name=table.name).exclude(state="draft").exists():
                self._start(dataset, table)
            del self._waiting[dataset.pk]
        return ""

    def _start(self, dataset: Dataset, table: Table) -> None:
        batch = draft_store.new_draft(self.team, None, dataset)
        batch.name, batch.prompt, batch.model, batch.id_column = table.name, PROMPT, "grok-4.3", table.id_column
        batch.runs_live, batch.repeats = table.runs_live, table.repeats
        batch.auto_retries = self.dice.choice((0, 0, 1, 2))
        batch.row_limit = self.dice.choice((None, None, None, max(1, table.rows // 2)))
        if self.dice.random() < 0.3:
            ends = sorted(self.dice.sample(range(1, table.rows + 1), 4))
            batch.ranges = RowSet([ends[:2], ends[2:]]).as_lists()
        batch.shape, batch.skip_empty = self.dice.choice((None, SHAPE)), self.dice.random() < 0.5
        batch.save()
        if self.dice.random() < 0.4:
            batch.params = self.dice.choice(({}, {"reasoning_effort": "high"}))  # which is tried without a connection
            batch.save()
            self._drafts[batch.pk] = time.monotonic() + self.dice.uniform(0, LONGEST_TRY)
            trial_start.press(batch, None, self.dice.sample(list(batch.rows), min(6, len(batch.rows))))
            self.tally.count(self.tally.done, "tries")
            return
        self._submit(batch)

    def _submit(self, batch: Batch) -> None:
        """Straight away, or as people do it, who may press at the same moment."""
        cap = self.purse.cap_for(len(batch.rows))
        if self.dice.random() < 0.5:
            actions.start(batch, None, None, spend_cap=ticks_of(Decimal(cap)) if cap else None)
        else:
            self.press(f"/batches/{batch.pk}/submit", {"reviewed": draft_fingerprint(batch), "spend_cap": cap})
        self.tally.count(self.tally.done, "batches started")

    def _submit_what_was_tried(self) -> str:
        """Often before every answer is there: the others are called off, or are asked by the batch."""
        for pk in [pk for pk, at in self._drafts.items() if time.monotonic() > at]:
            batch = Batch.objects.get(pk=pk)
            if batch.state == State.DRAFT:
                self._submit(batch)
            del self._drafts[pk]
        return ""

    def stop_a_try(self) -> str:
        trial = Trial.objects.filter(ended_at=None).first()
        if trial is None:
            return ""
        self.press(f"/batches/{trial.batch_id}/try", {"act": f"stop-{trial.pk}"})
        return "tries stopped"

    # ---- from the shell -----------------------------------------------------------------------------

    def _runbatch(self, table: Table, path: Path) -> str:
        words = [str(path), "--prompt", PROMPT, "--name", table.name, "--model", "grok-4.3"]
        words += ["--id-column", table.id_column] if table.id_column else []
        words += ["--live"] if table.runs_live else []
        words += ["--repeats", table.repeats] if table.repeats else []
        self.shell.run(table, *words)
        return "runbatch"

    def run_beside(self) -> str:
        """A `runbatch --resume` beside the workers."""
        batch = self.some(state__in=RUNNING)
        if batch is None or len(self.shell.running()) >= 3:
            return ""
        self.shell.run(None, "--resume", str(batch.pk))
        return "runbatch --resume"

    # ---- with what runs, and what has ended ------------------------------------------------------------

    def some(self, **wanted: Any) -> Batch | None:
        found = list(Batch.objects.filter(**wanted).order_by("-pk")[:30])
        return self.dice.choice(found) if found else None

    def press(self, path: str, data: dict[str, Any] | None = None) -> None:
        """Press it; half of the time both do, at the same moment and twice each. Raises what one of them ran into."""
        if self.dice.random() < 0.5:
            replies = [self.dice.choice(self.visitors).post(path, data)]
        else:
            replies = press_together(self.visitors, path, data)
            self.tally.count(self.tally.done, "pressed by both, twice")
        for reply in replies:
            if reply.status_code in {403, 500}:  # the database may be away, but a bare 500 is never right
                self.wrong.append(f"{path} answered with {reply.status_code}: {reply.text[:300]}")
            elif reply.status_code != 200:
                self.tally.count(self.tally.oddities, f"press: {reply.status_code}")

    def cancel(self) -> str:
        batch = self.some(state__in=RUNNING)
        if batch is None:
            return ""
        self.press(f"/batches/{batch.pk}/cancel")
        return "cancels"

    def finish_early(self) -> str:
        batch = self.some(state__in=RUNNING)
        if batch is None:
            return ""
        self.press(f"/batches/{batch.pk}/finish")
        return "finished early"

    def retry(self) -> str:
        batch = self.some(state__in=TERMINAL)
        if batch is None or not batch.unanswered:
            return ""
        results = Result.objects.filter(batch=batch).exclude(state=RowState.SUCCEEDED).exclude(cause="")
        causes = sorted(set(results.values_list("cause", flat=True)))
        chosen = self.dice.choice((None, causes[:1] or None))
        as_live = {"live": "on"} if batch.unanswered <= LARGEST_LIVE and self.dice.random() < 0.3 else {}
        self.press(f"/batches/{batch.pk}/retry", {"causes": chosen or causes, **as_live})
        return "retries, live" if as_live or batch.runs_live else "retries"

    def retry_a_row(self) -> str:
        batch = self.some(state__in=TERMINAL)
        if batch is None:
            return ""
        result = Result.objects.filter(batch=batch).exclude(state=RowState.SUCCEEDED).order_by("row").first()
        if result is None:
            return ""
        self.press(f"/batches/{batch.pk}/rows/{result.row}/retry")
        return "retries of a row"

    def go_on(self) -> str:
        batch = self.some(state__in=RUNNING, held_reason__gt="")
        if batch is None:
            return ""
        self.press(f"/batches/{batch.pk}/go-on")
        return "told to go on"
