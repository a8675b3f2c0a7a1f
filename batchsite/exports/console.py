"""The output of runbatch: the plan, the progress, the summary."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connections
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.batches.transitions import outcome
from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.pricing.estimate import Estimate
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.log_files import LogFile
from batchsite.processes.outages import outage_of
from batchsite.processes.parentage import die_with_parent
from batchsite.tables import BAD_ROWS, LEAVE
from batchsite.teams.accounts import AccountKind, account_words, payer_of, sandbox_url
from batchsite.teams.models import ProviderKey
from batchsite.wording import dollars

WIDTH = 30
"""Characters of the progress bar."""


class Progress:
    """A bar on a terminal; elsewhere a line per change of state and per half minute."""

    def __init__(self, out: Any) -> None:
        self.out = out
        self.live = bool(getattr(out, "isatty", lambda: False)())
        self.last, self.last_at, self.started = "", 0.0, time.monotonic()

    def __call__(self, batch: Batch) -> None:
        words = self._words(batch)
        now = time.monotonic()
        if self.live:
            if words != self.last:
                self.out.write(f"\r\x1b[K{words}", ending="" if batch.is_running else "\n")
                self.out.flush()
        elif self._state(batch) != self._state_shown or now - self.last_at >= 30:
            self.out.write(words)
            self._state_shown, self.last_at = self._state(batch), now
        self.last = words

    def wait(self, error: Exception) -> None:
        """Says that the database is locked, full or unreachable."""
        self.say(f"{outage_of(error) or 'The database failed'}: {[*str(error).splitlines(), ''][0]}. Waiting.")

    def say(self, words: str) -> None:
        """Writes a sentence between the lines of progress, only once while it stays the same."""
        if words and words != self.said:
            self.out.write(f"\n{words}" if self.live else words)
        self.said = words

    said = ""
    _state_shown: tuple[str, str] = ("", "")

    @staticmethod
    def _state(batch: Batch) -> tuple[str, str]:
        return batch.state, batch.held_reason

    def _words(self, batch: Batch) -> str:
        done = batch.done
        filled = WIDTH * done // batch.total if batch.total else 0
        share = 100 * done // batch.total if batch.total else 0
        held = f"  held: {batch.held_reason}" if batch.held_reason else ""
        took = time.strftime("%H:%M:%S", time.gmtime(time.monotonic() - self.started))
        return (
            f"[{'#' * filled}{'.' * (WIDTH - filled)}] {share:3d} %  {done:,} of {batch.total:,} rows"
            f"  {batch.failed:,} failed  {dollars(batch.cost_ticks)}  {took}  {batch.label}{held}"
        )


def log_to_file() -> None:
    """Sends log lines to `log/runbatch.log` of the data folder, as they would break up the progress bar."""
    folder = Path(settings.DATA) / "log"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
    file = LogFile(folder, "runbatch")
    file.rotate()
    stream = os.fdopen(file.open(), "a", buffering=1)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            handler.setStream(stream)


def plan(batch: Batch, estimate: Estimate | None, key: ProviderKey | None = None) -> str:
    """Returns what is about to be sent, and the estimated cost."""
    rows = estimate.rows if estimate else batch.dataset.row_count
    where = "to the sandbox: answers are simulated and cost nothing"
    kind, key = payer_of(batch.team, key)
    if kind != AccountKind.SANDBOX:
        where = f"to xAI, paid by {account_words(kind, key.name if key else '')}"
    first = f"{rows:,} rows of {batch.dataset.filename} with {batch.model}, {where}."
    if estimate is None:
        return f"{first}\nThe price of {batch.model} is not known, so there is no estimate."
    return (
        f"{first}\nEstimated cost: {dollars(estimate.likely)} "
        f"({dollars(estimate.low)} to {dollars(estimate.high)}). {estimate.basis}"
    )


def summary(batch: Batch, output: Path | None) -> str:
    lines = [f"{batch.label}: {outcome(batch)}. Cost: {exact_dollars(batch.cost_ticks)}."]
    if batch.failure:
        lines.append(batch.failure)
    if output:
        lines.append(f"Written to {output}.")
    if batch.misfits:
        lines.append(f"{batch.misfits:,} answers do not fit the schema; the column “warning” says why.")
    if batch.flawed or batch.several:
        lines.append(f"The column “warning” names the rows: {flaws(batch)}.")
    if batch.held_for == HeldFor.CAP:
        lines.append(f"It is held: {batch.held_reason} Here: manage.py runbatch --resume {batch.pk} --cap DOLLARS")
    elif batch.succeeded + batch.skipped < batch.total or batch.flawed:
        lines.append(f"Batch {batch.pk} can be retried on its page.")
    return "\n".join(lines)


def flaws(batch: Batch) -> str:
    """Returns the counts of flawed answers: `3 without an answer, 1 cut off`."""
    counts = (
        (batch.no_answer, "without an answer"),
        (batch.declined, "refused by the model"),
        (batch.truncated, "cut off at the token limit"),
        (batch.several, "with several answers"),
    )
    return ", ".join(f"{count:,} {words}" for count, words in counts if count)


def database_problem(error: Exception, batch: Batch | None) -> str:
    """Returns what happened and what to do."""
    what = outage_of(error) or "The database failed"
    words = [*str(error).splitlines(), type(error).__name__][0]
    again = f"Nothing is lost. Resume with: manage.py runbatch --resume {batch.pk}" if batch else "Nothing was sent."
    return f"{what}: {words}.\n{again}{'' if batch else ' Run it again once that is fixed.'}"


def exact_dollars(ticks: int) -> str:
    """Returns ticks as dollars with all ten decimals."""
    whole, rest = divmod(ticks, 10_000_000_000)
    return f"${whole:,}.{rest:010d}"


def file_problems(dataset: Dataset) -> str:
    """Returns why a file was refused, line by line."""
    shown = dataset.problems[:20]
    lines = [f"line {p['line']}: {p['message']}" if p["line"] else f"{p['message']}" for p in shown]
    more = dataset.problem_count - len(lines)
    lines += [f"and {more:,} more"] if more > 0 else []
    if dataset.can_leave:
        bad, good = f"{dataset.problem_count:,}", f"{dataset.good_rows:,}"
        lines.append(
            f"To skip {bad} of {dataset.file_rows:,} rows and import the other {good}: --answer {BAD_ROWS}={LEAVE}"
        )
    return "\n".join([f"{dataset.filename} cannot be read:", *lines])


def file_questions(dataset: Dataset) -> str:
    """Returns the questions about a file with their evidence, and how to answer them."""
    lines = [f"{dataset.filename} can be read in more than one way. Choose with --answer:"]
    for one in dataset.questions:
        lines += ["", one["text"], *(f"    {line}" for line in one["evidence"])]
        for choice in filter(lambda choice: not choice.get("more"), one["choices"]):
            likeliest = " (the likeliest)" if choice["value"] == one["guess"] else ""
            answer = shlex.quote(f"{one['key']}={choice['value']}")
            lines.append(f"  --answer {answer}  {choice['label']}{likeliest}")
            lines += [f"      {' | '.join(row)}" for row in choice["rows"]]
        if more := [choice["value"] for choice in one["choices"] if choice.get("more")]:
            lines.append(f"  {one['key']} may also be: {', '.join(more)}")
    return "\n".join(lines)


def left_out(dataset: Dataset) -> str:
    were = "was" if dataset.left_out == 1 else "were"
    return f"{dataset.left_out:,} of the file's {dataset.file_rows:,} rows {were} skipped, as you chose."


def row_problems(batch: Batch) -> str:
    """Returns which rows cannot be sent, and why."""
    found = [f"row {one['row']:,}: {one['message']}" for one in batch.problems[:20]]
    more = batch.problem_count - len(found)
    head = f"Nothing was sent: {batch.problem_count:,} rows can’t be sent as they are."
    return "\n".join([head, *found, *([f"and {more:,} more"] if more > 0 else [])])


def finish_import(dataset: Dataset, out: Any) -> None:
    """Imports here, or waits for a worker that was faster. Waits while the disk is full or the database unreachable."""
    progress = Progress(out)
    while True:
        try:
            dataset.refresh_from_db()
            if dataset.state != DatasetState.IMPORTING:
                return
            progress.say(dataset.held_reason)
            if not dataset.next_look_at or dataset.next_look_at <= timezone.now():
                with contextlib.suppress(Busy, LeaseLost):
                    importer.import_step(dataset.pk)
                    continue
        except Error as error:
            progress.wait(error)
            connections.close_all()
        time.sleep(0.2)


@contextlib.contextmanager
def sandbox_if_needed(needed: bool, say: Callable[[str], object]) -> Iterator[None]:
    """Runs the sandbox as long as the command, unless one is running already."""
    if not needed or _answers(sandbox_url()):
        yield
        return
    data, noted = Path(settings.DATA) / "sandbox", Path(settings.DATA) / "run" / "sandbox.port"
    command = [sys.executable, "-m", "batchsite.sandbox", "--port", "0", "--port-file", str(noted)]
    command += ["--key-file", str(noted.with_name("sandbox.key"))]
    command += ["--data", str(data), "--rate", str(settings.OPTIONS.sandbox_rate)]
    tie = partial(die_with_parent, os.getpid())
    quiet = subprocess.DEVNULL  # if another one starts at the same moment, this one ends and the other serves both
    child = subprocess.Popen(command, cwd=settings.ROOT, stdout=quiet, stderr=quiet, preexec_fn=tie)  # noqa: S603
    try:
        deadline = time.monotonic() + 20
        while not _answers(sandbox_url()) and time.monotonic() < deadline:
            time.sleep(0.05)
        say("Started the sandbox for this run.")
        yield
    finally:
        child.terminate()
        child.wait(10)


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1):
        return True
    return False
