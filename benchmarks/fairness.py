"""How long ten rows of a team take alone, and beside what another team does at the same time.

    python -m benchmarks.fairness [--small 200] [--sixty 60] [--big 1000000] [--tries 3] [--trace] [--only WORD]

Starts an installation as people do, in the sandbox at its usual pace, and takes batches of ten rows through it: alone,
beside many small batches of another team, and beside one big batch. With many at once of one team, the limit of the
provider's create calls (`XAI_CREATES_PER_SECOND`) says when each may begin; what is above it is told.
`--trace` says of the ten rows beside many what they waited for. Aim: at most 1.5 of alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.running import Running

if TYPE_CHECKING:
    from batchsite.batches.models import Batch
    from batchsite.teams.models import Team

AIM = 1.5
LOOK = 0.05
ROWS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=200)
    parser.add_argument("--sixty", type=int, default=60)
    parser.add_argument("--big", type=int, default=1_000_000)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--creates", type=int, default=2, help="create calls a second that xAI is thought to allow")
    parser.add_argument("--wait", type=float, default=0, help="seconds that what goes on beside has had before")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--only", default="", help="measure only the scene with this word in its name")
    asked = parser.parse_args()
    print(f"load before {os.getloadavg()[0]:.1f}, of {os.cpu_count()} cores", flush=True)
    scenes: dict[str, Callable[[], None]] = {
        f"beside {asked.small} batches": lambda: _beside(lambda: _many(asked.small), asked),
        f"beside {asked.big:,} rows": lambda: _beside(lambda: _one(asked.big), asked),
        f"{asked.sixty} at once": lambda: _at_once(asked.sixty, asked),
    }
    for name, scene in scenes.items():
        if asked.only in name:
            with tempfile.TemporaryDirectory(prefix="batchsite-fair-") as folder:
                _in_installation(Path(folder), name, scene, asked.creates)
    print(f"load after {os.getloadavg()[0]:.1f}")


def _in_installation(folder: Path, name: str, scene: Callable[[], None], creates: int) -> None:
    """Forks, as Django is set up for one data folder."""
    with Running(folder, {"XAI_CREATES_PER_SECOND": str(creates)}):
        print(f"\n{name}", flush=True)
        child = os.fork()
        if not child:
            os.environ |= {"BATCHSITE_DATA": str(folder), "BATCHSITE_LOG_LEVEL": "ERROR"}
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
            import django

            code = 1
            try:
                django.setup()
                scene()
                code = 0
            finally:
                os._exit(code)
        os.waitpid(child, 0)


def _beside(what: Callable[[], None], asked: argparse.Namespace) -> None:
    alone = [_seconds(_ten_rows(f"Alone {number}"), trace=asked.trace) for number in range(asked.tries)]
    what()
    time.sleep(asked.wait)
    beside = [_seconds(_ten_rows(f"Beside {number}"), trace=asked.trace) for number in range(asked.tries)]
    _say(alone, beside)


def _say(alone: list[float], beside: list[float]) -> None:
    def said(times: list[float]) -> str:
        return f"{statistics.median(times):6.1f} s ({', '.join(f'{each:.1f}' for each in times)})"

    ratio = statistics.median(beside) / statistics.median(alone)
    verdict = "reached" if ratio <= AIM else "MISSED"
    print(
        f"  alone   {said(alone)}\n  beside  {said(beside)}\n  ratio   {ratio:6.2f}   aim {AIM} {verdict}", flush=True
    )


def _at_once(count: int, asked: argparse.Namespace) -> None:
    """So many teams submit ten rows in the same moment: each has a place in the limit of create calls."""
    alone = [_seconds(_ten_rows(f"Alone {number}"), trace=False) for number in range(asked.tries)]
    batches = [_ten_rows(f"At once {number}") for number in range(count)]
    ends = sorted(_all_ends(batches))
    places = [number / asked.creates for number in range(count)]
    above = [end - place for end, place in zip(ends, places, strict=True)]
    print(f"  median of {count}: {statistics.median(ends):.1f} s, the last {ends[-1]:.1f} s; one create call")
    print(f"  each {1 / asked.creates} s makes it {places[-1]:.1f} s for the last. Above that:")
    _say(alone, [statistics.median(above)])


def _all_ends(batches: list[Batch]) -> list[float]:
    from batchsite.batches.models import Batch

    pks = [batch.pk for batch in batches]
    while Batch.objects.filter(pk__in=pks).exclude(state="completed").exists():
        time.sleep(0.5)
    return [
        (batch.ended_at - batch.started_at).total_seconds()
        for batch in Batch.objects.filter(pk__in=pks)
        if batch.ended_at and batch.started_at
    ]


def _ten_rows(name: str) -> Batch:
    from tests.factories import make_team

    return _submitted(make_team(name), ROWS)


def _many(count: int) -> None:
    from tests.factories import make_team

    busy = make_team("Busy")
    for _ in range(count):
        _submitted(busy, ROWS)


def _one(rows: int) -> None:
    from tests.factories import make_team

    _submitted(make_team("Big"), rows)


def _submitted(team: Team, rows: int) -> Batch:
    """A batch as the page submits it, told to the workers at once."""
    from batchsite.submission.tasks import nudge
    from tests.pipeline import make_batch

    batch = make_batch(team, rows)
    nudge(batch)
    return batch


def _seconds(batch: Batch, *, trace: bool) -> float:
    """How long it takes from being submitted to its end."""
    waits: Counter[str] = Counter()
    began = last = time.monotonic()
    seen: dict[str, Any] = {}
    while True:
        time.sleep(LOOK)
        batch.refresh_from_db(fields=["state"])
        now = time.monotonic()
        waits[_waits_for(batch, seen)] += round(1000 * (now - last))
        last = now
        if not batch.is_running:
            break
        if now - began > 600:
            raise AssertionError(f"still {batch.state} after ten minutes")
    if trace:
        print("    " + ", ".join(f"{what} {ms / 1000:.1f} s" for what, ms in sorted(waits.items())))
    return now - began


def _waits_for(batch: Batch, seen: dict[str, Any]) -> str:
    """What its submission waits for at this moment, by state and by what its row says."""
    from django.utils import timezone

    from batchsite.processes.queue import RESEND

    submission = batch.submissions.get()
    now, look = timezone.now(), submission.next_look_at
    if look != seen.get("look"):
        ahead = look - now if look else timedelta()
        seen |= {"look": look, "is_sent": RESEND - timedelta(seconds=0.5) <= ahead <= RESEND}
    if submission.lease_token:
        what = "worked on"
    elif seen.get("is_sent"):
        what = "in the queue"
    elif look and look <= now:
        what = "due"
    elif submission.create_turn_at and not submission.remote_id:
        what = "its turn to create"
    else:
        what = "the next look"
    return f"{submission.state}: {what}"


if __name__ == "__main__":
    main()
