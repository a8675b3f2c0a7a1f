"""Settings of a batchsite that also has chores to do."""

from __future__ import annotations

from batchsite.settings import *  # noqa: F403
from batchsite.settings import DUE_SOURCES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.processes.chores"]
DUE_SOURCES = [*DUE_SOURCES, "tests.processes.chores.tasks.due"]
