"""How long an import takes beside a bare pass of csv.reader over the same file, and what memory it needs.

    python benchmarks/import_speed.py [--rows 10000,100000,1000000]

The table is made up: id, customer, and a text of some 300 characters with quotes, commas, line ends and accents.
Reading and importing run in processes of their own, three times, in turns; the best of each counts. Prints one line
per size. Aim at 1,000,000 rows: import at most 3.5 times the bare pass, reading at most 3 times, memory flat.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

WORDS = ('my card has not arrived, and délais are "urgent" to me; the app shows naïve café 東京 it as sent').split()  # noqa: SIM905


def rows(count: int) -> Iterator[list[str]]:
    """Different texts on every run of the same row, the same on every run of the script."""
    chance = random.Random(7)
    pieces = [" ".join(chance.choices(WORDS, k=28)) for _ in range(5000)]
    for number in range(1, count + 1):
        text = f"{chance.choice(pieces)}{chance.choice(('. ', chr(10)))}{chance.choice(pieces)}"
        yield [str(number), f"customer-{chance.randrange(100_000)}", text]


def write(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "customer", "text"])
        writer.writerows(rows(count))


def bare(path: Path) -> float:
    started = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - started


def reading(path: Path) -> float:
    from batchsite.tables import Limits, open_table

    started = time.perf_counter()
    with path.open("rb") as file:
        for _ in open_table(file, limits=Limits(rows=10**9, columns=500, cell=5_000_000)).rows():
            pass
    return time.perf_counter() - started


def importing(path: Path) -> float:
    """Into SQLite in a folder of its own, or into the database of DATABASE_URL; the copy of the file is not counted."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    from batchsite.datasets.importer import import_step, receive_path
    from batchsite.datasets.models import DatasetState
    from batchsite.teams.models import Team

    dataset = receive_path(Team.objects.create(name="Benchmark"), path)
    started = time.perf_counter()
    import_step(dataset.pk)
    took = time.perf_counter() - started
    dataset.refresh_from_db()
    if dataset.state != DatasetState.READY:
        raise SystemExit(f"The import ended {dataset.state}: {dataset.problems}")
    return took


MEASURES: dict[str, Callable[[Path], float]] = {"bare": bare, "reading": reading, "importing": importing}


def measure(name: str, path: Path, folder: Path) -> tuple[float, int]:
    """(seconds, megabytes at most) of one measure in a process of its own."""
    environ = {**os.environ, "BATCHSITE_DATA": str(folder / name)}
    command = [sys.executable, __file__, "--measure", name, str(path)]
    answer = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.split()
    return float(answer[0]), int(answer[1])


def compare(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="import-speed-") as name:
        folder = Path(name)
        path = folder / "table.csv"
        write(path, count)
        runs = [{which: measure(which, path, folder / str(turn)) for which in MEASURES} for turn in range(3)]
        best = {which: min(run[which][0] for run in runs) for which in MEASURES}
        memory = {which: max(run[which][1] for run in runs) for which in MEASURES}
        print(
            f"{count:>9,} rows, {path.stat().st_size / 1e6:.0f} MB: csv.reader {best['bare']:.2f} s, "
            f"reading {best['reading']:.2f} s ({best['reading'] / best['bare']:.2f}x, {memory['reading']} MB), "
            f"import {best['importing']:.2f} s ({best['importing'] / best['bare']:.2f}x, {memory['importing']} MB), "
            f"{count / best['importing']:,.0f} rows/s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        seconds = MEASURES[asked.measure[0]](Path(asked.measure[1]))
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    for count in asked.rows.split(","):
        compare(int(count))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
