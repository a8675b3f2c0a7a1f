"""The `runbatch` commands of people at a terminal, and what they wrote."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.chaos.scene import Scene
from tests.chaos.tables import Table, broken_rows
from tests.chaos.tally import Tally

REFUSED_MODEL = "for batches on"
"""What the provider said of the model is believed until it takes a row again: so a lie of it stops new batches."""
BUDGET_USED_UP = "budget"


@dataclass
class Run:
    """A `runbatch`, and where it writes to."""

    process: subprocess.Popen[str]
    table: Table | None
    output: Path
    said: IO[str]

    @property
    def end(self) -> str:
        self.said.seek(0)
        return self.said.read()[-3000:]


class Shell:
    """Runs commands, and judges them afterwards."""

    def __init__(self, scene: Scene, tally: Tally, folder: Path) -> None:
        self._scene, self._tally, self._folder = scene, tally, folder
        self._runs: list[Run] = []

    def run(self, table: Table | None, *words: str) -> None:
        number = len(self._runs) + 1
        output, said = self._folder / f"run-{number}.csv", (self._folder / f"run-{number}.txt").open("w+")
        process = self._scene.manage("runbatch", *words, "--output", str(output), stdout=said, stderr=said)
        self._runs.append(Run(process, table, output, said))

    def running(self) -> list[subprocess.Popen[str]]:
        return [run.process for run in self._runs if run.process.poll() is None]

    def judge(self, seconds: float) -> list[str]:
        """Wait for every command, and look into what it wrote. Returns what is wrong, as sentences."""
        until, wrong = time.monotonic() + seconds, list[str]()
        for run in self._runs:
            try:
                code = run.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                run.process.kill()
                wrong.append(f"{run.output.name} hangs: {run.end}")
                continue
            self._tally.count(self._tally.done, f"runbatch ended with {code}")
            wrong += self._judge_one(run, code)
        return wrong

    @staticmethod
    def _judge_one(run: Run, code: int) -> list[str]:
        if code in {0, 3} and run.table is not None:
            broken = broken_rows(run.output.read_text("utf-8"), run.table.name, range(1, run.table.rows + 1))
            return [f"{run.output.name} of {run.table.name}: {'; '.join(broken)}"] if broken else []
        if code == 2 and any(words in run.end for words in (REFUSED_MODEL, BUDGET_USED_UP)):
            return []
        if code > 0 and code != 3 and ("Traceback" in run.end or code == 2):
            return [f"{run.output.name} ended with {code}: {run.end}"]
        return []
