"""LiteLLM in a virtual environment of its own, made once and kept: its dependencies are none of ours."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "litellm-venv"
REQUIREMENT = "litellm==1.106.2"
"""The release whose xAI provider was read and run when this was written."""

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
    shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(FOLDER, with_pip=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    done = subprocess.run([*pip, REQUIREMENT], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        return False
    _STAMP.write_text(f"{REQUIREMENT} {sys.version}")
    return True
