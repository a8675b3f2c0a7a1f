"""The file with the only key that the sandbox of an installation accepts."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def read_or_create(path: Path) -> str:
    """Returns the key in the file, which is created with a random one if it is missing. Raises OSError.

    Only the owner can read the file. Processes that start at once agree on one key.
    """
    if not path.exists():
        _create(path)
    key = path.read_text().strip()
    if not key:
        raise OSError(f"{path} holds no key. Delete the file to get a new one.")
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(f"sandbox-{secrets.token_urlsafe(32)}\n")
    try:
        os.link(draft, path)  # atomic; fails if another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
