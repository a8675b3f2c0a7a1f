"""How spoilt files are read: by ours, and beside it by csv, clevercsv, pandas, DuckDB and Polars on the same files.

    python -m benchmarks.damaged_files [--seeds 8] [--others 2] [--folder /tmp/damaged-files] [--only csv,Polars]

`--seeds` times every kind of damage is done to every good table of tests/datasets/good_tables.py, and judged by
tests/datasets/judging.py. The others get the first `--others` seeds, in an environment that is made in the folder;
they are told the encoding, and Polars, which does not look for it, the delimiter. "Good tables" are the undamaged
files that a reader reads right (ours: with the guesses of its questions accepted). Prints a table in Markdown, and
every case that ours read wrong.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from batchsite.tables import Asks, ReadingError, open_table
from tests.tables.damage import Case, cases
from tests.tables.good_tables import Good, good_tables
from tests.tables.judging import ELSE, LIMITS, NAMED, RIGHT, UNNAMED, VERDICTS, WRONG, Tally, judge, verdict

PACKAGES = ("clevercsv==0.8.5", "pandas==3.1.1", "duckdb==2.0.1", "polars==2.1.0")
OTHERS = ("csv", "clevercsv", "pandas", "DuckDB", "Polars")
HEAD = "| reader | good tables | spoilt files | " + " | ".join(VERDICTS) + " | line named, of refusals |"


def ours(seeds: int) -> Tally:
    tally = Tally()
    for number, case in enumerate(cases(good_tables(), range(seeds)), 1):
        tally.add(case, judge(case))
        if number % 1000 == 0:
            print(f"{number:,} files, {tally.counts[WRONG]} wrong", file=sys.stderr, flush=True)
    return tally


def environment(folder: Path) -> Path:
    """The Python of an environment with the others; made once."""
    python = folder / "readers" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "readers", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def written(folder: Path, some: list[Case]) -> Path:
    """The cases as files, each with its form beside it."""
    target = folder / "cases"
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    for number, case in enumerate(some):
        path = target / f"{number:06}.case"
        path.write_bytes(case.data)
        form = case.base.form
        told = {"encoding": form.encoding, "delimiter": form.delimiter, "quote": form.quoting != "none" and form.quote}
        path.with_suffix(".json").write_text(json.dumps(told))
    return target


def others(folder: Path, some: list[Case], names: tuple[str, ...]) -> Iterator[str]:
    """A line of the table for each reader. The undamaged tables stand before the spoilt ones."""
    good = [Case(table, "none", 0, table.data, frozenset()) for table in good_tables()]
    python, target = environment(folder), written(folder, [*good, *some])
    script = Path(__file__).parent / "other_readers.py"
    for name in names:
        ran = subprocess.run([python, script, name, target], capture_output=True, check=True)
        lines = zip([*good, *some], ran.stdout.splitlines(), strict=True)
        found = [judged(case, json.loads(line)) for case, line in lines]
        tally = Tally()
        for case, verdict_ in zip(some, found[len(good) :], strict=True):
            tally.add(case, verdict_)
        yield row(name, share(found[: len(good)]), tally)


def judged(case: Case, found: dict[str, object]) -> str:
    """Titles above the table are no fault of a reader that gives them out as rows: they are taken away before."""
    if "error" in found:
        numbers = {int(number) for number in re.findall(r"\d+", str(found["error"]))}
        return NAMED if numbers & case.lines else UNNAMED
    cells: list[list[str]] = found["cells"]  # type: ignore[assignment]
    return next((RIGHT for skip in range(4) if cells[skip:] == case.base.cells), verdict(case, cells))


def share(verdicts: list[str]) -> str:
    return f"{verdicts.count(RIGHT)} of {len(verdicts)}"


def guessed(table: Good) -> str:
    """What ours makes of an undamaged table, when every guess is accepted."""
    answers: dict[str, str] = {}
    for _ in range(5):
        try:
            found = open_table(io.BytesIO(table.data), answers=answers, limits=LIMITS)
            rows = list(found.rows())
        except Asks as asks:
            answers.update({question.key: question.guess for question in asks.questions})
            continue
        except ReadingError:
            return UNNAMED
        cells = rows if found.understood.header == "none" else [found.columns, *rows]
        return RIGHT if cells == table.cells else WRONG
    return WRONG


def row(name: str, good: str, tally: Tally) -> str:
    total = sum(tally.counts.values())
    shares = " | ".join(f"{100 * tally.counts[found] / total:.1f} %" for found in VERDICTS)
    refused = tally.counts[NAMED] + tally.counts[UNNAMED]
    named = f"{100 * tally.named:.1f} %" if refused else "–"
    return f"| {name} | {good} | {total:,} | {shares} | {named} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--others", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/damaged-files"))
    parser.add_argument("--only", default=",".join(OTHERS))
    asked = parser.parse_args()
    tally = ours(asked.seeds)
    good = share(list(map(guessed, good_tables())))
    print(HEAD, "| --- |" + " ---: |" * (len(VERDICTS) + 3), row("batchsite", good, tally), sep="\n", flush=True)
    if asked.others:
        some = list(cases(good_tables(), range(asked.others)))
        for line in others(asked.folder, some, tuple(asked.only.split(","))):
            print(line, flush=True)
    print(f"\n{len(good_tables())} tables, {len(tally.kinds)} kinds of damage")
    for kind, counts in sorted(tally.kinds.items()):
        print(f"{kind}: {dict(counts)}")
    print("wrong:", Counter((case.base.name, case.kind, case.seed) for case in tally.wrong))
    print("other line:", Counter((case.base.name, case.kind) for case in tally.unnamed))
    print("by chance:", tally.counts[ELSE])


if __name__ == "__main__":
    main()
