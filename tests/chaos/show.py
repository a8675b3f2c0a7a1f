"""The show itself: let everything loose, mend everything, wait, and judge."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from django.db import Error, connections

from batchsite.batches.models import Batch
from batchsite.batches.states import RUNNING, HeldFor
from batchsite.submission import actions
from batchsite.trials.models import Trial
from tests.chaos import books, ledger
from tests.chaos.actor import Actor
from tests.chaos.audit import Verdict
from tests.chaos.killing import ASKING_LIVE, FROZEN_WITH_A_LEASE, IN_A_TRY, Killer
from tests.chaos.lying import Liar
from tests.chaos.money import HELD, STOPPED, WAITS, count_caps, passed_cap
from tests.chaos.people import People
from tests.chaos.restores import RESTORED, Restorer
from tests.chaos.scene import Scene
from tests.chaos.tally import Tally, listed

SPEAK = 20.0
"""Seconds between two lines about how it goes."""
STILL = 40.0
"""Seconds without a move after which, everything being mended, people finish a batch with what is there."""
GIVE_UP = 240.0
"""Seconds after the end of all faults; what still runs then hangs for ever."""

LONG = 20.0
"""Minutes after which what is rarely hit must have been."""
RARE = (IN_A_TRY, ASKING_LIVE, FROZEN_WITH_A_LEASE)
UNWINDS = 600.0
"""Seconds that those who act may take to come to an end: a restore that began is finished, on a busy machine too."""
STOP = 60.0
"""Seconds that `up` may take to stop; a step that runs is let finish."""


def run(scene: Scene) -> bool:
    """Whether every row and every tick is accounted for."""
    tally, over = Tally(), threading.Event()
    for site in scene.sites:
        site.start()
    people = People(scene, tally, over)
    people.settle_in()
    killer, liar = Killer(scene, people, tally, over), Liar(scene, tally, over)
    actors = (people, killer, liar, Restorer(scene, people, tally, over))
    for actor in actors:
        actor.start()
    _watch(scene, tally, actors)
    over.set()
    for actor in actors:
        assert actor.acted.wait(UNWINDS), f"{actor.name} does not come to an end: a mistake of the harness"
    assert not any(actor.failed for actor in actors), "a mistake of the harness"
    print(f"{tally.minutes:.1f} min: all kills and faults are over", flush=True)
    _let_all_end(scene, tally, people.wrong)
    said = people.shell.judge(60 * scene.plan.slower)
    doctor = _ask_the_doctor(scene)
    verdict = books.reconcile(ledger.read(scene.provider))
    verdict.wrong += people.wrong + said + doctor + _ends_cleanly(scene) + tally.idle_faults()
    tally.hits.update(count_caps())
    if scene.plan.minutes >= LONG:
        verdict.wrong += [f"no {victim} was ever hit" for victim in RARE if not tally.kills[victim]]
        verdict.wrong += [
            f"nothing was ever {what}" for what in (STOPPED, WAITS, HELD, RESTORED) if not tally.hits[what]
        ]
    _report(scene, tally, verdict)
    return verdict.clean


def _watch(scene: Scene, tally: Tally, actors: Sequence[Actor]) -> None:
    until, speak = time.monotonic() + 60 * scene.plan.minutes, 0.0
    while time.monotonic() < until:
        dead = [actor.name for actor in actors if actor.acted.is_set()]
        assert not dead, f"{dead} stopped by themselves: a mistake of the harness"
        if time.monotonic() >= speak:
            speak = time.monotonic() + SPEAK
            print(f"{tally.minutes:.1f} min: {_stand(tally)}", flush=True)
        time.sleep(0.5)


def _stand(tally: Tally) -> str:
    kills, hits = tally.kills.total(), tally.hits.total()
    with contextlib.suppress(Error):
        begun = Batch.objects.exclude(state="draft")
        running = begun.filter(state__in=RUNNING).count()
        return f"{kills} kills, {hits:,} hits of faults, {begun.count()} batches, {running} of them running"
    connections.close_all()
    return f"{kills} kills, {hits:,} hits of faults; the database does not answer"


# ---- the end ------------------------------------------------------------------------------------------


def _let_all_end(scene: Scene, tally: Tally, wrong: list[str]) -> None:
    """Without a hand, but for rows that hang at the provider: people take what is there, as they would."""
    began = moved = time.monotonic()
    seen: tuple[int, int] = (-1, -1)
    while time.monotonic() - began < GIVE_UP * scene.plan.slower:
        try:
            running = list(Batch.objects.filter(state__in=RUNNING))
            if not running and not Trial.objects.filter(ended_at=None).exists():
                return
            for batch in running:
                _give_the_word(batch, tally, wrong)
            stands = (len(running), sum(batch.done for batch in running))
            if stands != seen:
                seen, moved = stands, time.monotonic()
            if time.monotonic() - moved > STILL * scene.plan.slower:
                moved = time.monotonic()
                for batch in running:
                    _take_what_is_there(batch, tally)
        except Error:
            connections.close_all()
        time.sleep(1)


def _give_the_word(batch: Batch, tally: Tally, wrong: list[str]) -> None:
    """After replies that were lost, a restore or at a cap, rows go on only where a person says so."""
    if batch.held_for == HeldFor.LOST:
        actions.go_on(batch, None)
        tally.count(tally.done, "told to go on at the end, as replies were lost")
    if batch.held_for == HeldFor.RESTORE:
        actions.go_on(batch, None)
        tally.count(tally.done, "told to go on at the end, after a restore")
    if batch.held_for == HeldFor.CAP:
        wrong += filter(None, [passed_cap(batch)])
        actions.set_spend_cap(batch, None, None)
        tally.count(tally.done, "freed of its cap at the end")


def _take_what_is_there(batch: Batch, tally: Tally) -> None:
    if batch.state == "processing":
        with contextlib.suppress(actions.NotNow):
            actions.finish_early(batch, None)
            tally.count(tally.done, "finished at the end, as rows hang")


def _ask_the_doctor(scene: Scene) -> list[str]:
    """After all of this nothing may be left to complain of."""
    time.sleep(10)  # until the beats are heard again
    process = scene.manage("doctor", "--json", stdout=subprocess.PIPE)
    said, _ = process.communicate(timeout=120)
    findings = json.loads(said)["findings"]
    return [f"doctor: {one['about']}: {one['says']}" for one in findings if one["level"] == "problem"]


def _ends_cleanly(scene: Scene) -> list[str]:
    wrong = []
    for site in scene.sites:
        try:
            code = site.stop(signal.SIGTERM, within=STOP)  # SIGINT is deaf where a shell began it with &
        except subprocess.TimeoutExpired:
            wrong.append(f"`up` had not ended {STOP:.0f} s after it was told to")
            continue
        left = [f"{process.pid} {process.name()}" for process in site.survivors()]
        wrong += [f"`up` ended with {code}"] * bool(code) + [f"still there after the stop: {left}"] * bool(left)
    return wrong


def _report(scene: Scene, tally: Tally, verdict: Verdict) -> None:
    for batch_id in sorted(verdict.guilty)[:10]:
        print(*books.story(batch_id), sep="\n")
    for name in ("lost", "twice", "hangs", "wrong"):
        for sentence in getattr(verdict, name)[:60]:
            print(f"{name.upper()}: {sentence}")
    plan = scene.plan
    print(f"\nseed {plan.seed}, {plan.database}, sandbox {plan.sandbox}: {tally.minutes:.1f} minutes in all")
    print(
        f"machines    {plan.supervisors}, {plan.patience} patience, {'strict' if plan.is_strict else 'jumping clocks'}"
    )
    print(f"people      {listed(tally.done)}")
    print(f"in trouble  {listed(tally.oddities)}")
    print(f"kills       {tally.kills.total():,}: {listed(tally.kills)}")
    print(f"faults      {tally.lies.total():,} scripted: {listed(tally.lies)}")
    print(f"hits        {tally.hits.total():,}: {listed(tally.hits)}")
    print(f"batches     {verdict.batches:,} with {verdict.rows:,} rows: {listed(verdict.states)}")
    print(f"copies      {verdict.copies:,} rows that repeat another's request and were not sent")
    print(f"live        {verdict.live:,} rows asked live; {verdict.declared:,} declared as lost, by row", end="; ")
    print(f"{verdict.asked_again:,} asked again after a restore, as a person said")
    print(f"ticks       {verdict.ours:,} here; {verdict.unreadable:,} at the provider can never be read")
    print(f"lost {len(verdict.lost)}, paid twice {len(verdict.twice)}, ", end="")
    print(f"hangs {len(verdict.hangs)}, otherwise wrong {len(verdict.wrong)}", flush=True)
