"""What every route needs: the store, the settings, the faults and the clock."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from batchsite.sandbox.accepted_keys import Key
from batchsite.sandbox.batch_clock import Batch
from batchsite.sandbox.exchange import Call
from batchsite.sandbox.fault_kinds import Rule
from batchsite.sandbox.faults import Faults
from batchsite.sandbox.sandbox_settings import Settings, changed
from batchsite.sandbox.store import Store


class World:
    """One sandbox. Settings changed through it survive a restart; ``named`` ones win over them at the start."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        named: Mapping[str, Any] | None = None,
    ) -> None:
        self.store = store
        self.faults = Faults(store)
        self._clock = clock
        self._initial = changed(settings, named or {})
        stored = orjson.loads(store.meta("settings") or "{}")
        self.settings = changed(settings, {**stored, **(named or {})})

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Raises BadSetting and changes nothing where one of them does not fit."""
        settings = changed(self.settings, changes)
        stored = orjson.loads(self.store.meta("settings") or "{}") | dict(changes)
        self.store.set_meta("settings", orjson.dumps(stored).decode())
        self.settings = settings
        return settings

    def reset(self) -> None:
        """As on the first day: no batches, no files, no faults, the settings of the start."""
        self.store.clear()
        self.faults.reload()
        self.settings = self._initial

    def now(self, batch: Batch | None = None) -> int:
        """Microseconds; of the batch's own clock, if there is one."""
        now = int((self._clock() + self.settings.time_offset) * 1e6)
        return now + batch.offset_us if batch else now

    def end_token(self, salt: str) -> str | None:
        """The token of a last page: null or "", both are documented (facts 2.3)."""
        style = self.settings.end_token
        empty = style == "empty" or (style == "mixed" and zlib.crc32(salt.encode()) % 2 == 0)
        return "" if empty else None


@dataclass
class CallContext:
    """One authenticated call on its way through a route."""

    world: World
    call: Call
    key: Key
    batch_id: str = ""
    rules: list[Rule] = field(default_factory=list)
    """The scripted faults that hit this call and that the route itself must act on."""

    def rule(self, what: str) -> Rule | None:
        """The first rule of that kind, or None."""
        return next((rule for rule in self.rules if rule.what == what), None)
