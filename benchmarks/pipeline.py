"""Import, submit, collect and export beside a plain script and an optimised one, against the sandbox, in one run.

`make bench` or `python -m benchmarks.pipeline --rows 10000,100000 [--memory 1000000]`. Each contestant gets a fresh
sandbox and a fresh data folder. `--memory` adds a run of ours alone at that size, for the peak of memory.
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

from benchmarks.tables import table
from tests.sandboxes import Sandbox, running_sandbox

AIMS = (
    ("whole run / plain script", 0.9),
    ("whole run / optimised script", 1.5),
    ("import / bare csv.reader pass", 3.5),
    ("CSV export / csv-to-csv copy", 1.5),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="10000,100000")
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=1, help="best of so many")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batchsite-bench-") as name:
        folder = Path(name)
        peaks = {}
        for rows in map(int, asked.rows.split(",")):
            peaks[rows] = _at(folder, rows, asked.repeat)
        if asked.memory:
            peaks[asked.memory] = _memory(folder, asked.memory)
        for rows, peak in peaks.items():
            print(f"peak memory of our process at {rows:>9,} rows: {peak:6.0f} MB")
        sizes = sorted(peaks)
        if len(sizes) > 1:
            print(f"peak at {sizes[-1]:,} / peak at {sizes[-2]:,}: {peaks[sizes[-1]] / peaks[sizes[-2]]:.2f} (aim 1.5)")


def _at(folder: Path, rows: int, repeat: int) -> float:
    source = table(folder / f"{rows}.csv", rows)
    reading, copying = _reading(source), _copying(source, folder / "copy.csv")
    best: dict[str, dict[str, Any]] = {}
    for _ in range(repeat):
        for contestant in ("plain", "optimised", "ours"):
            found = _run(contestant, folder, source)
            if contestant not in best or found["seconds"] < best[contestant]["seconds"]:
                best[contestant] = found
    ours, stages = best["ours"], best["ours"]["stages"]
    print(f"\n{rows:,} rows, {source.stat().st_size / 1e6:.1f} MB")
    for contestant, found in best.items():
        print(f"  {contestant:<10} {found['seconds']:7.2f} s   peak {found['peak_mb']:5.0f} MB")
    for stage, seconds in stages.items():
        print(f"    {stage:<8} {seconds:7.2f} s  {rows / seconds:>9,.0f} rows/s")
    print(f"  csv.reader {reading:.2f} s, csv-to-csv copy {copying:.2f} s")
    ratios = (
        ours["seconds"] / best["plain"]["seconds"],
        ours["seconds"] / best["optimised"]["seconds"],
        stages["import"] / reading,
        stages["export"] / copying,
    )
    for (what, aim), ratio in zip(AIMS, ratios, strict=True):
        print(f"  {what:<32} {ratio:5.2f}  (aim {aim}) {'reached' if ratio <= aim else 'NOT reached'}")
    return float(ours["peak_mb"])


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


def _reading(source: Path) -> float:
    started = time.perf_counter()
    with source.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - started


def _copying(source: Path, target: Path) -> float:
    """What a csv-to-csv copy of the export's columns costs: reading, and writing with ten more cells a row."""
    more = ["row-1", "succeeded", "Simulated answer: a few words", "", "stop", "grok-4.3", "211", "18", "44", "0.0001"]
    started = time.perf_counter()
    with source.open(newline="", encoding="utf-8") as file, target.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(row + more for row in csv.reader(file))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
