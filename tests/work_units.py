"""What one of several test processes does without a break: a file, or files that share an installation that runs."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

ONE_INSTALLATION = {
    *("tests/processes/test_kill_9.py", "tests/processes/test_slow_clients.py"),
    *("tests/processes/test_memory_limit.py", "tests/processes/test_data_folder.py"),
}
"""Each process that ran one of them would start it anew."""


class WorkUnits(LoadFileScheduling):  # type: ignore[misc]
    """Hands out a file after the other, in their order, and these together."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "one installation" if file in ONE_INSTALLATION else file
