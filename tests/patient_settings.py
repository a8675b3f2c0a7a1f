"""The project's settings with its own timeouts, for real processes that tests kill: normal patience."""

from __future__ import annotations

from batchsite.settings import *  # noqa: F403
from batchsite.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hasty"]
PATIENT = True
"""Nothing is shortened (tests/hasty/apps.py)."""
