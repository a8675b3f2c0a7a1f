"""Tries talk to a real sandbox, as batches do."""

from __future__ import annotations

from tests.batches.conftest import sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]
