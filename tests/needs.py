"""What a machine may lack: the test is skipped by name, or fails where BATCHSITE_REQUIRE=all asks for everything."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def need(what: str, *, here: bool) -> None:
    """Go on only where `what` is here."""
    if here:
        return
    if os.environ.get("BATCHSITE_REQUIRE") == "all":
        pytest.fail(f"{what} is not installed, and BATCHSITE_REQUIRE=all asks for it.")
    pytest.skip(f"not installed: {what}")


def installed_chromium() -> str:
    """The path of Chromium, as Debian installs it; empty without one.

    The one without windows takes half of the processor's time: the whole one runs its own toolbar in each.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), "")


def chromium() -> str:
    """The path of Chromium."""
    path = installed_chromium()
    need("Chromium", here=bool(path))
    return path


def real_table(name: str) -> Path:
    """A larger table of real data in the folder that BATCHSITE_TEST_DATA names. Nobody has to have it."""
    folder = os.environ.get("BATCHSITE_TEST_DATA", "")
    if not folder:
        pytest.skip("runs on real data besides: BATCHSITE_TEST_DATA names no folder")
    path = Path(folder, name)
    assert path.exists(), f"BATCHSITE_TEST_DATA is set, and {path} is not there"
    return path
