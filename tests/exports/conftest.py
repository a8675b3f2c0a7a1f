"""The command line talks to a real sandbox, too."""

from __future__ import annotations

from tests.batches.conftest import sandbox as sandbox
from tests.batches.conftest import sandbox_process as sandbox_process
