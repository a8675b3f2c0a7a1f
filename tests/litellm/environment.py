"""LiteLLM in a virtual environment of its own, made once and kept: its dependencies are none of ours."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENT = "litellm==1.106.2"
"""The release whose xAI provider was read and run when this was written."""
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "batchsite" / "litellm-venv"
"""Beside pip's own cache, so that a fresh clone does not install it again."""

PYTHON = FOLDER / "bin" / "python"
_STAMP = FOLDER / "installed"


def ready() -> bool:
    """Whether LiteLLM is there, after an attempt to install it."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _is_installed() or _install()


def _is_installed() -> bool:
    wanted = f"{REQUIREMENT} {sys.version}"
    return _STAMP.exists() and _STAMP.read_text() == wanted and PYTHON.exists()


def _install() -> bool:
    """Compiles nothing: most of its two thousand files are never imported."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(FOLDER)
    pip = [sys.executable, "-m", "pip", f"--python={PYTHON}", "install", "--no-compile", "--only-binary=:all:"]
    quietly = ["--quiet", "--disable-pip-version-check", "--retries", "1"]
    done = subprocess.run([*pip, *quietly, REQUIREMENT], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        return False
    _STAMP.write_text(f"{REQUIREMENT} {sys.version}")
    return True
