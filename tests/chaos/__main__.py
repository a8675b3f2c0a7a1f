"""`python -m tests.chaos [--minutes 30] [--seed N]`: exit status 0 when every row and every tick is accounted for."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.scene import Plan, Scene


def main(arguments: list[str] | None = None) -> int:
    plan = _plan(arguments)
    folder = Path(tempfile.mkdtemp(prefix="batchsite-chaos-"))
    print(f"Chaos for {plan.minutes:g} minutes, seed {plan.seed}, {plan.database}, sandbox {plan.sandbox}, in {folder}")
    print(f"{plan.supervisors} supervisors, {plan.patience} patience,", end=" ")
    print("identical requests are billed again" if plan.is_strict else "clocks jump", flush=True)
    with Scene(folder, plan) as scene:
        os.environ.update(scene.environ)
        import django

        django.setup()
        from tests.chaos.show import run  # needs Django

        clean = run(scene)
    if clean:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"Everything is kept in {folder}. The seed was {plan.seed}.")
    return 0 if clean else 1


def _plan(arguments: list[str] | None) -> Plan:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="of kills and faults; then everything is mended")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of everything that is random")
    parser.add_argument("--batches", type=int, default=10**6, help="at most so many are begun")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite", help="postgres: with Redis")
    parser.add_argument("--sandbox", choices=("outside", "inside"), default="outside", help="whose process it is")
    parser.add_argument("--pace", type=float, default=2.0, help="seconds between kills, on average")
    parser.add_argument("--rate", type=float, default=400, help="rows that the provider answers in a second")
    parser.add_argument("--supervisors", type=int, default=1, help="machines on the same PostgreSQL and Redis")
    parser.add_argument("--patience", choices=("hasty", "normal"), default="hasty", help="waiting times of the site")
    asked = parser.parse_args(arguments)
    if asked.supervisors > 1 and asked.database != "postgres":
        parser.error("Several machines share a PostgreSQL: add --database postgres.")
    return Plan(**vars(asked))


if __name__ == "__main__":
    sys.exit(main())
