"""Every form of a download at a million rows: seconds, rows a second, peak of memory, size; beside a csv-to-csv copy.

    python -m benchmarks.files [--rows 1000000] [--keep FOLDER] [--only WORD]

Takes the folder that `benchmarks.pages --keep` filled, or fills one. Each file is written by a process of its own, past
the web server; `CPU` is what it computed, whatever else the machine did. Aim: below 250 MB in any of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pages import filled, kept_or_new

AIM_MB = 250
COPY = "csv-to-csv copy"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", nargs=3, metavar=("FORM", "BATCH", "PATH"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        _write(*asked.write)
        return
    forms = [form for form in ("csv", COPY, "excel", "json", "jsonl", "parquet", "xlsx") if asked.only in form]
    with kept_or_new(asked.keep) as folder, tempfile.TemporaryDirectory(prefix="batchsite-files-") as name:
        made, out = filled(folder, asked.batches, asked.rows), Path(name)
        print(f"{'':<16} {'seconds':>8} {'CPU':>6} {'rows/s of CPU':>14} {'peak MB':>8} {'file MB':>8}")
        for form in forms:
            path = out / ("copy" if form == COPY else form)
            if form == COPY and not (out / "csv").exists():
                continue
            found = _measured(folder, form, made["big"], path)
            speed = made["rows"] / found["cpu"]
            above = "  above the aim" if found["peak_mb"] > AIM_MB else ""
            size = path.stat().st_size / 1e6
            line = f"{form:<16} {found['seconds']:8.1f} {found['cpu']:6.1f} {speed:14,.0f}"
            print(f"{line} {found['peak_mb']:8.0f} {size:8.1f}{above}", flush=True)


def _measured(folder: Path, form: str, batch: int, path: Path) -> dict[str, Any]:
    environ = {**os.environ, "BATCHSITE_DATA": str(folder), "BATCHSITE_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "benchmarks.files", "--write", form, str(batch), str(path)]
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _write(form: str, batch: str, path: str) -> None:
    to = Path(path)
    taken = _copied(to.with_name("csv"), to) if form == COPY else _written(form, int(batch), to)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken[0], "cpu": taken[1], "peak_mb": peak}))


def _written(form: str, batch: int, path: Path) -> tuple[float, float]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
    import django

    django.setup()
    from batchsite.batches.models import Batch
    from batchsite.exports import result_files

    found = Batch.objects.select_related("dataset").get(pk=batch)
    began, cpu = time.perf_counter(), time.process_time()
    result_files.write_file(found, result_files.ALL_FORMS[form], path)
    return time.perf_counter() - began, time.process_time() - cpu


def _copied(source: Path, target: Path) -> tuple[float, float]:
    """The floor: the finished file read and written by the csv module, no database."""
    began, cpu = time.perf_counter(), time.process_time()
    with source.open(newline="", encoding="utf-8") as file, target.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(csv.reader(file))
    return time.perf_counter() - began, time.process_time() - cpu


if __name__ == "__main__":
    main()
