"""The project's settings with short timeouts, for real processes that tests start: in the proportions of production."""

from __future__ import annotations

from batchsite.settings import *  # noqa: F403
from batchsite.settings import DATABASES, INSTALLED_APPS
from batchsite.timeouts import PipelineTimeouts
from tests.hasty import clock

clock.install()

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hasty"]
TIMEOUTS = PipelineTimeouts(
    step=4,
    call=4,
    call_retries=1,
    completion=4,
    first_look=0.3,
    poll=1,
    poll_later=2,
    poll_idle=3,
    after_unknown=4.5,
    look_twice=3,
    zero_counters=4,
    cancel_settles=6,
    results_trail=12,
    vanished=5,
    unmoved=60,
    stalled=60,
    held_probe=1,
    longest=5,
)

LOCKED_SECONDS = 2
"""So long SQLite waits for its turn."""
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    _options = DATABASES["default"]["OPTIONS"]
    _options["timeout"] = LOCKED_SECONDS
    _options["init_command"] += f"PRAGMA busy_timeout={LOCKED_SECONDS * 1000};"
