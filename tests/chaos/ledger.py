"""What the provider has on its books, asked for over HTTP once nothing lies any more."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.scene import Provider

TOKEN = re.compile(r"\[bs-([0-9a-f]+)\]$")
ASKED_LIVE = re.compile(r"bs-([0-9a-f]+) (.*)")
"""The name that we give to the call that asks a row live."""
TRIED = re.compile(r"bs-try-\d+")
"""The name of the call of a row that is tried."""


@dataclass
class Remote:
    """A batch at the provider."""

    id: str
    name: str
    ticks: int
    rows: dict[str, tuple[str, int]]
    """By request id: (state, ticks)."""
    repeated: list[str]
    """Request ids that ran and were billed more than once."""
    readable: bool
    """Whether anybody can still read its results: a batch may have vanished, or expired for good."""

    @property
    def token(self) -> str:
        found = TOKEN.search(self.name)
        return found[1] if found else ""


@dataclass
class Ledger:
    remotes: list[Remote] = field(default_factory=list)
    total: int = 0
    """Ticks of batches, and of rows that ran live."""
    tried: list[int] = field(default_factory=list)
    """Ticks of each call that tried a row."""
    tried_again: list[str] = field(default_factory=list)
    """Names of calls that tried a row, and were made more than once."""
    live: dict[str, dict[str, list[tuple[int, bool]]]] = field(default_factory=dict)
    """Deferred completions by token and request id: (ticks, whether the answer was read)."""
    nameless: int = 0
    """Deferred completions that name no row of ours."""

    def by_token(self) -> dict[str, list[Remote]]:
        """Those that hold rows; an empty shell is billed for nothing."""
        found: dict[str, list[Remote]] = defaultdict(list)
        for remote in self.remotes:
            if remote.rows:
                found[remote.token].append(remote)
        return found


def read(provider: Provider) -> Ledger:
    whole = provider.admin("GET", "ledger")
    ledger = Ledger(total=whole["totals"]["cost_in_usd_ticks"])
    _add_direct(ledger, provider.admin("GET", "ledger/direct")["calls"])
    for batch in whole["batches"]:
        entries = _entries(provider, batch) if batch["requests"] else []
        rows = {entry["batch_request_id"]: (entry["state"], entry["cost_in_usd_ticks"]) for entry in entries}
        repeated = [entry["batch_request_id"] for entry in entries if entry["processed"] > 1]
        readable = not rows or _is_readable(provider, batch["batch_id"])
        ledger.remotes.append(
            Remote(batch["batch_id"], batch["name"], batch["cost_in_usd_ticks"], rows, repeated, readable)
        )
    return ledger


def _add_direct(ledger: Ledger, calls: Sequence[dict[str, Any]]) -> None:
    """Add what was asked outside of batches: rows that were tried, and rows that ran live."""
    named = Counter[str]()
    for call in calls:
        name, ticks = call["client_request_id"], call["cost_in_usd_ticks"]
        if TRIED.fullmatch(name):
            ledger.tried.append(ticks)
            named[name] += 1
            continue
        ledger.total += ticks
        if found := ASKED_LIVE.fullmatch(name):
            ledger.live.setdefault(found[1], {}).setdefault(found[2], []).append((ticks, call["read"]))
        else:
            ledger.nameless += 1
    ledger.tried_again = [name for name, times in named.items() if times > 1]


def _entries(provider: Provider, batch: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = provider.admin("GET", f"ledger?batch_id={batch['batch_id']}")["rows"]
    return entries


def _is_readable(provider: Provider, batch_id: str) -> bool:
    return provider.get(f"batches/{batch_id}/results?limit=1").status_code == 200
