"""The state shared by all routes (store, settings, faults, clock), and the context of one call."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from batchsite.sandbox.accepted_keys import Key
from batchsite.sandbox.batch_clock import Batch
from batchsite.sandbox.call_rates import CallRates
from batchsite.sandbox.exchange import Call
from batchsite.sandbox.fault_kinds import Rule
from batchsite.sandbox.faults import Faults
from batchsite.sandbox.sandbox_settings import Settings, changed
from batchsite.sandbox.store import Store


class World:
    """One sandbox. Settings changed at /admin/settings survive a restart, unless ``fixed`` on the command line."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        fixed: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> None:
        """``key`` is the only key accepted, by /admin too. With None, any key is accepted and /admin needs none."""
        self.store = store
        self.key = key
        self.faults = Faults(store)
        self.rates = CallRates()
        self._clock = clock
        self._initial = changed(settings, fixed or {})
        stored = orjson.loads(store.meta("settings") or "{}")
        self.settings = changed(settings, {**stored, **(fixed or {})})

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Applies and stores the changes. Raises BadSetting and changes nothing if one of them is invalid."""
        settings = changed(self.settings, changes)
        stored = orjson.loads(self.store.meta("settings") or "{}") | dict(changes)
        self.store.set_meta("settings", orjson.dumps(stored).decode())
        self.settings = settings
        return settings

    def reset(self) -> None:
        """Deletes batches, files, faults and stored settings."""
        self.store.clear()
        self.faults.reload()
        self.rates = CallRates()
        self.settings = self._initial

    def now(self, batch: Batch | None = None) -> int:
        """Returns the time in microseconds, by the clock of ``batch`` if one is given."""
        now = int((self._clock() + self.settings.time_offset) * 1e6)
        return now + batch.offset_us if batch else now

    def end_token(self, salt: str) -> str | None:
        """Returns the token of a last page: null or "", as both are documented (facts 2.3)."""
        style = self.settings.end_token
        empty = style == "empty" or (style == "mixed" and zlib.crc32(salt.encode()) % 2 == 0)
        return "" if empty else None


@dataclass
class CallContext:
    """One authenticated call to a route."""

    world: World
    call: Call
    key: Key
    batch_id: str = ""
    rules: list[Rule] = field(default_factory=list)
    """The scripted faults that hit this call and that the route must apply."""

    def rule(self, what: str) -> Rule | None:
        """Returns the first rule of that kind, None if there is none."""
        return next((rule for rule in self.rules if rule.what == what), None)
