"""Nothing outlives what started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import psutil
import pytest

from batchsite.options import ROOT
from batchsite.processes.parentage import MARK, die_with_parent, end_marked, marked
from tests.patience import patient
from tests.running import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")]

FAMILY = """
import os, time
from batchsite.processes.parentage import tie_forks
tie_forks()
for generation in range(4):
    if generation == 3 or os.fork():
        break
os.write(1, f"{generation} {os.getpid()}\\n".encode())
time.sleep(60)
"""
ADOPTED = """
import os, time
from batchsite.processes.parentage import reap_orphans
own, strangers = os.fork(), [os.fork() for _ in range(3)]
if 0 in (own, *strangers):
    os._exit(7)
time.sleep(0.2)
for _ in range(4):
    reap_orphans({own})
if os.waitpid(own, 0)[1] >> 8 != 7:
    print("the status of its own child is lost")
reap_orphans(set())
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("all gone")
"""


def run(script: str, mark: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, MARK: mark},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )


@pytest.fixture
def family() -> Iterator[list[int]]:
    """A process, its child, its grandchild and the child of that."""
    process = run(FAMILY, "family")
    assert process.stdout is not None
    lines = sorted(process.stdout.readline() for _ in range(4))
    yield [int(line.split()[1]) for line in lines]
    end_marked("family")
    process.wait()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_command_on_a_leash_ends_with_who_holds_it() -> None:
    """Even where a shell stands between, as with make."""
    holder = run(
        "import os, subprocess, sys, time\n"
        "leash = [sys.executable, '-m', 'tests.leash', 'sh', '-c', 'sleep 60 & echo $!; wait']\n"
        "held = {**os.environ, 'LEASH_HELD_BY': str(os.getpid())}\n"
        "subprocess.Popen(leash, env=held, start_new_session=True); time.sleep(60)"
    )
    assert holder.stdout is not None
    asleep = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    wait_for(lambda: gone(asleep), 20)


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_whoever_is_killed_takes_all_descendants_along(family: list[int], generation: int) -> None:
    os.kill(family[generation], signal.SIGKILL)
    wait_for(lambda: all(gone(pid) for pid in family[generation:]), 20)
    assert not any(gone(pid) for pid in family[:generation])


def test_all_that_carry_a_mark_are_found_and_ended(family: list[int]) -> None:
    assert set(marked("family")) == set(family)
    assert marked("famil") == []
    assert end_marked("family") == 4
    assert all(gone(pid) for pid in family)


def test_ended_strangers_are_reaped_and_own_children_are_not() -> None:
    process = run(ADOPTED)
    assert process.communicate(timeout=patient(20))[0] == "all gone\n"
