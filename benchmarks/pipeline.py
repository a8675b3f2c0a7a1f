"""Import, submit, collect and export beside a plain script and an optimised one, against the sandbox, in one run.

`make bench` or `python -m benchmarks.pipeline --rows 10000,100000 [--memory 1000000]`. Each contestant gets a fresh
sandbox and a fresh data folder. Ends with one table: each figure beside its aim and the last landed one. Ratios of CPU
depend less on who else is busy than ratios of the clock. `--memory` adds a run of ours alone at that size, for the
peak of memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.landed import report
from benchmarks.tables import table
from tests.sandboxes import Sandbox, running_sandbox


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="10000,100000")
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=1, help="the least of so many")
    parser.add_argument("--land", action="store_true", help="keep these figures as the landed ones")
    asked = parser.parse_args()
    busy = os.getloadavg()[0]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="batchsite-bench-") as name:
        folder = Path(name)
        peaks = {}
        for rows in map(int, asked.rows.split(",")):
            peaks[rows] = _at(folder, rows, asked.repeat, figures)
        if asked.memory:
            peaks[asked.memory] = _memory(folder, asked.memory)
    for rows, peak in peaks.items():
        figures[f"{rows:,} rows: peak of memory, MB"] = peak
    print(f"\nload before {busy:.1f}, after {os.getloadavg()[0]:.1f}, of {os.cpu_count()} cores")
    report(figures, land=asked.land)


def _at(folder: Path, rows: int, repeat: int, figures: dict[str, float]) -> float:
    """Measures at one size into `figures`. Returns our peak of memory."""
    source = table(folder / f"{rows}.csv", rows)
    runs: list[dict[str, dict[str, Any]]] = []
    for _ in range(repeat):
        runs.append({who: _run(who, folder, source) for who in ("plain", "optimised", "ours")})
        runs[-1]["reading"], runs[-1]["copying"] = _reading(source), _copying(source, folder / "copy.csv")

    def least(who: str, what: str, stage: str = "") -> float:
        return float(min(run[who][what][stage] if stage else run[who][what] for run in runs))

    print(f"\n{rows:,} rows, {source.stat().st_size / 1e6:.1f} MB         clock       CPU   peak of memory")
    for who in ("plain", "optimised", "ours"):
        seconds, cpu, peak = (least(who, what) for what in ("seconds", "cpu", "peak_mb"))
        print(f"  {who:<20} {seconds:12.2f} s {cpu:7.2f} s {peak:9.0f} MB")
    for stage in runs[0]["ours"]["stages"]:
        seconds, cpu = least("ours", "stages", stage), least("ours", "stages_cpu", stage)
        print(f"    {stage:<18} {seconds:12.2f} s {cpu:7.2f} s {rows / seconds:12,.0f} rows/s")
    for who in ("reading", "copying"):
        print(f"  {who:<20} {least(who, 'seconds'):12.2f} s {least(who, 'cpu'):7.2f} s")
    here = f"{rows:,} rows: "
    figures |= {
        here + "whole run / plain script": least("ours", "seconds") / least("plain", "seconds"),
        here + "whole run / optimised script": least("ours", "seconds") / least("optimised", "seconds"),
        here + "whole run / optimised script, CPU": least("ours", "cpu") / least("optimised", "cpu"),
        here + "import / csv.reader": least("ours", "stages", "import") / least("reading", "seconds"),
        here + "import / csv.reader, CPU": least("ours", "stages_cpu", "import") / least("reading", "cpu"),
        here + "export / csv-to-csv copy": least("ours", "stages", "export") / least("copying", "seconds"),
        here + "export / csv-to-csv copy, CPU": least("ours", "stages_cpu", "export") / least("copying", "cpu"),
    }
    return max(float(run["ours"]["peak_mb"]) for run in runs)


def _memory(folder: Path, rows: int) -> float:
    found = _run("ours", folder, table(folder / f"{rows}.csv", rows))
    print(f"\n{rows:,} rows, ours alone: {found['seconds']:.1f} s, sandbox peak {found['sandbox_mb']:.0f} MB")
    for stage, seconds in found["stages"].items():
        print(f"    {stage:<8} {seconds:7.2f} s  {rows / seconds:>9,.0f} rows/s")
    return float(found["peak_mb"])


def _run(contestant: str, folder: Path, source: Path) -> dict[str, Any]:
    """Seconds, peak memory and more, as the contestant prints them."""
    with tempfile.TemporaryDirectory(dir=folder) as own, running_sandbox(Path(own)) as sandbox:
        sandbox.set(settle=0, delay=0)
        output = Path(own) / "out.csv"
        command = [sys.executable, "-m", f"benchmarks.{contestant}", str(source), str(output)]
        environ = dict(os.environ)
        if contestant == "ours":
            data = Path(own) / "site"
            (data / "run").mkdir(parents=True)
            (data / "run" / "sandbox.port").write_text(sandbox.url.rsplit(":", 1)[1])
            environ |= {"BATCHSITE_DATA": str(data), "BATCHSITE_LOG_LEVEL": "ERROR"}
        else:
            command.append(f"{sandbox.url}/v1")
        done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert sum(1 for _ in output.open("rb")) >= 1
        return found | {"sandbox_mb": _peak_of(sandbox)}


def _peak_of(sandbox: Sandbox) -> float:
    """Peak memory of the sandbox's process, in MB."""
    status = Path(f"/proc/{sandbox.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _reading(source: Path) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    with source.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def _copying(source: Path, target: Path) -> dict[str, float]:
    """What a csv-to-csv copy of the export's columns costs: reading, and writing with ten more cells a row."""
    more = ["row-1", "succeeded", "Simulated answer: a few words", "", "stop", "grok-4.3", "211", "18", "44", "0.0001"]
    started, cpu = time.perf_counter(), time.process_time()
    with source.open(newline="", encoding="utf-8") as file, target.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(row + more for row in csv.reader(file))
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    main()
