"""What people do while everything breaks: upload, start, cancel, finish early, retry, download, run from the shell."""

from __future__ import annotations

import contextlib
import math
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import orjson
from django.db import Error, connections

from batchsite.batches.models import Batch, Result
from batchsite.batches.signals import batch_starting
from batchsite.batches.states import RUNNING, TERMINAL, RowState
from batchsite.datasets.importer import receive_path
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import draft_store
from batchsite.recipes.row_set import RowSet
from batchsite.submission import actions
from batchsite.submission.actions import NotNow
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.teams.models import Team
from tests.chaos.actor import Actor
from tests.chaos.scene import Scene
from tests.chaos.tables import PROMPT, SHAPE, Table, broken_rows, key_of
from tests.chaos.tally import Tally

SMALLEST, LARGEST = 5, 5_000
MOST_RUNNING = 7
ACCOUNT = {
    "name": "Chaos",
    "email": "chaos@example.org",
    "password": "correct horse battery",
    "team_name": "Chaos",
}


def _completion(answer: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}]}


@dataclass
class Run:
    """A `runbatch`, and where it writes to."""

    process: subprocess.Popen[str]
    table: Table | None
    output: Path
    said: IO[str]


class People(Actor):
    """Does things until it is told to stop."""

    def __init__(self, scene: Scene, tally: Tally, over: threading.Event) -> None:
        super().__init__("people", scene, tally, over)
        self.folder = scene.folder / "tables"
        self.folder.mkdir()
        self.begun = 0
        self.wrong: list[str] = []
        """Downloads and files that were complete, and not what they should be."""
        self._waiting: dict[int, Table] = {}
        self._runs: list[Run] = []
        self.web = httpx.Client(follow_redirects=True, timeout=15, trust_env=False)
        self.doings: dict[Callable[[], str], int] = {
            self.begin: 8,
            self.cancel: 1,
            self.finish_early: 1,
            self.retry: 3,
            self.retry_a_row: 1,
            self.go_on: 1,
            self.run_beside: 3,
            self.download: 2,
            self.look: 2,
        }

    def settle_in(self) -> None:
        """The first visit. Nothing breaks yet."""
        self.web.base_url = httpx.URL(self.scene.running.url)
        self.web.get("/setup")
        reply = self.web.post("/setup", data={**ACCOUNT, "csrfmiddlewaretoken": self.web.cookies["csrftoken"]})
        assert reply.status_code == 200, reply.text
        self.team = Team.objects.get()
        batch_starting.connect(self._keep_some)

    def _keep_some(self, batch: Batch, **_: Any) -> None:
        """Every third batch that is started here was tried on a few rows before."""
        if self.dice.random() < 0.3:
            rows = self.dice.sample(list(batch.rows), min(4, len(batch.rows)))
            said = [orjson.dumps({"said": f"Kept: Sort {key_of(batch.name, row)} now:", "sure": True}) for row in rows]
            keep_tried(batch, [Tried(row, _completion(text.decode()), 1) for row, text in zip(rows, said, strict=True)])
            self.tally.count(self.tally.done, "rows kept from tries", len(rows))

    def act(self) -> None:
        while not self.over.wait(self.dice.uniform(0.1, 0.8)):
            self._try(self._start_what_is_ready)
            [doing] = self.dice.choices(list(self.doings), list(self.doings.values()))
            self._try(doing)
        connections.close_all()

    def _try(self, doing: Callable[[], str]) -> None:
        """What breaks is tried again another day, as people do."""
        try:
            if did := doing():
                self.tally.count(self.tally.done, did)
        except (Error, httpx.TransportError, NotNow, OSError) as error:
            self.tally.count(self.tally.oddities, f"{doing.__name__.strip('_')}: {type(error).__name__}")
            connections.close_all()

    # ---- beginning ----------------------------------------------------------------------------------

    def begin(self) -> str:
        running = Batch.objects.filter(state__in=RUNNING).count() + len(self._waiting)
        if self.begun >= self.scene.plan.batches or running >= MOST_RUNNING:
            return ""
        self.begun += 1
        rows = int(math.exp(self.dice.uniform(math.log(SMALLEST), math.log(LARGEST))))
        table = Table(f"t{self.begun}", rows, self.dice.choice(("", "", "key")))
        path = table.write(self.folder, self.dice)
        way = self.dice.choice((self._upload, self._receive, self._runbatch))
        return way(table, path)

    def _upload(self, table: Table, path: Path) -> str:
        form = {"name": table.name, "csrfmiddlewaretoken": self.web.cookies["csrftoken"]}
        reply = self.web.post(
            "/datasets/upload",
            data=form,
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
        batch.auto_retries = self.dice.choice((0, 0, 1, 2))
        batch.row_limit = self.dice.choice((None, None, None, max(1, table.rows // 2)))
        if self.dice.random() < 0.3:
            ends = sorted(self.dice.sample(range(1, table.rows + 1), 4))
            batch.ranges = RowSet([ends[:2], ends[2:]]).as_lists()
        batch.shape, batch.skip_empty = self.dice.choice((None, SHAPE)), self.dice.random() < 0.5
        batch.save()
        actions.start(batch, None, None)
        self.tally.count(self.tally.done, "batches started")

    # ---- from the shell -----------------------------------------------------------------------------

    def _runbatch(self, table: Table, path: Path) -> str:
        words = [str(path), "--prompt", PROMPT, "--name", table.name, "--model", "grok-4.3"]
        words += ["--id-column", table.id_column] if table.id_column else []
        self._shell(table, *words)
        return "runbatch"

    def run_beside(self) -> str:
        """A `runbatch --resume` beside the workers."""
        batch = self._some(state__in=RUNNING)
        if batch is None or len(self.runs()) >= 3:
            return ""
        self._shell(None, "--resume", str(batch.pk))
        return "runbatch --resume"

    def _shell(self, table: Table | None, *words: str) -> None:
        number = len(self._runs) + 1
        output, said = self.folder / f"run-{number}.csv", (self.folder / f"run-{number}.txt").open("w+")
        process = self.scene.manage("runbatch", *words, "--output", str(output), stdout=said, stderr=said)
        self._runs.append(Run(process, table, output, said))

    def runs(self) -> list[subprocess.Popen[str]]:
        """Those that run."""
        return [run.process for run in self._runs if run.process.poll() is None]

    def judge_runs(self, seconds: float) -> None:
        """Wait for every `runbatch`, and look into what it wrote."""
        until = time.monotonic() + seconds
        for run in self._runs:
            try:
                code = run.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                run.process.kill()
                self.wrong.append(f"{run.output.name} hangs: {self._end_of(run)}")
                continue
            self.tally.count(self.tally.done, f"runbatch ended with {code}")
            if code in {0, 3} and run.table is not None:
                rows = range(1, run.table.rows + 1)
                self._judge_file(run.output.name, run.output.read_text("utf-8"), run.table.name, rows)
            if code in {0, 3} or code < 0:
                continue
            if "Traceback" in self._end_of(run) or code == 2:
                self.wrong.append(f"{run.output.name} ended with {code}: {self._end_of(run)}")

    def _end_of(self, run: Run) -> str:
        run.said.seek(0)
        return run.said.read()[-3000:]

    def _judge_file(self, what: str, content: str, name: str, rows: Sequence[int]) -> None:
        if broken := broken_rows(content, name, rows):
            self.wrong.append(f"{what} of {name}: {'; '.join(broken)}")

    # ---- with what runs, and what has ended ------------------------------------------------------------

    def _some(self, **wanted: Any) -> Batch | None:
        found = list(Batch.objects.filter(**wanted).order_by("-pk")[:30])
        return self.dice.choice(found) if found else None

    def _press(self, deed: Callable[[], object]) -> None:
        """Do it; half of the time two people do it at the same moment. Raises what the first of them ran into."""
        if self.dice.random() < 0.5:
            deed()
            return
        barrier, raised = threading.Barrier(2), list[Exception]()

        def person() -> None:
            try:
                barrier.wait()
                deed()
            except Exception as error:  # noqa: BLE001  raised below
                raised.append(error)
            finally:
                connections.close_all()

        both = [threading.Thread(target=person) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        self.tally.count(self.tally.done, "pressed twice at once")
        for error in raised:
            raise error

    def cancel(self) -> str:
        batch = self._some(state__in=RUNNING)
        if batch is None:
            return ""
        self._press(lambda: actions.cancel(batch, None))
        return "cancels"

    def finish_early(self) -> str:
        batch = self._some(state__in=RUNNING)
        if batch is None:
            return ""
        self._press(lambda: actions.finish_early(batch, None))
        return "finished early"

    def retry(self) -> str:
        batch = self._some(state__in=TERMINAL)
        if batch is None or not batch.unanswered:
            return ""
        results = Result.objects.filter(batch=batch).exclude(state=RowState.SUCCEEDED).exclude(cause="")
        causes = sorted(set(results.values_list("cause", flat=True)))
        chosen = self.dice.choice((None, causes[:1] or None))
        self._press(lambda: actions.retry(batch, None, causes=chosen))
        return "retries"

    def retry_a_row(self) -> str:
        batch = self._some(state__in=TERMINAL)
        if batch is None:
            return ""
        result = Result.objects.filter(batch=batch).exclude(state=RowState.SUCCEEDED).order_by("row").first()
        if result is None:
            return ""
        row = result.row
        self._press(lambda: actions.retry(batch, None, rows=[row]))
        return "retries of a row"

    def go_on(self) -> str:
        batch = self._some(state__in=RUNNING, held_reason__gt="")
        if batch is None:
            return ""
        self._press(lambda: actions.go_on(batch, None))
        return "told to go on"

    def download(self) -> str:
        batch = self._some()
        if batch is None or batch.state == "draft":
            return ""
        reply = self.web.get(f"/batches/{batch.pk}/download", params={"form": "csv"})
        if reply.status_code != 200:
            self.tally.count(self.tally.oddities, f"download: {reply.status_code}")
            return ""
        self._judge_file("a download", reply.content.decode("utf-8"), batch.name, list(batch.rows))
        return "downloads"

    def look(self) -> str:
        """At pages; what they say when things are broken is tested elsewhere, but a bare 500 never is right."""
        batch = self._some()
        for page in ("/", "/batches/", f"/batches/{batch.pk}" if batch else "/datasets/"):
            with contextlib.suppress(httpx.TransportError):
                status = self.web.get(page).status_code
                if status == 500:
                    self.wrong.append(f"{page} answered with a bare 500")
                elif status != 200:
                    self.tally.count(self.tally.oddities, f"page: {status}")
        return "pages"
