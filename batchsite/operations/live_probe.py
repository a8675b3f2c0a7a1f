"""What the checks of a provider share: its client, the batches made so far, and how they wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from batchsite.xai.bodies import CHAT, Kind, Message, encode_requests, request_item
from batchsite.xai.client import XaiClient
from batchsite.xai.results import read_result
from batchsite.xai.types import ResultRow

LOOKS, PAUSE = 120, 5.0
"""How often results are looked for before a check gives up, and the seconds between."""
ROWS = 3


class Different(Exception):
    """The provider does something else than docs/xai-facts.md says. The text says what it does."""


class NotAsked(Exception):
    """The check cannot be made. The text says why."""


@dataclass
class LiveProbe:
    """One examination of a provider."""

    client: XaiClient
    model: str
    name: str
    """Unique; the batches are called after it."""
    wait: Callable[[float], None]
    batch_id: str = ""
    rows: dict[str, ResultRow] = field(default_factory=dict)
    """Results of the first batch, by request id."""

    def body(self, ids: Sequence[str], *, words: str = "Reply with OK.", kind: Kind = CHAT, **more: Any) -> bytes:
        """Returns the body of an add call. `more` are members of the requests."""
        items = []
        for request_id in ids:
            item = request_item(
                request_id, kind=kind, model=more.get("model", self.model), messages=[Message("user", words)], params={}
            )
            item["batch_request"][kind] |= {name: value for name, value in more.items() if name != "model"}
            items.append(item)
        return encode_requests(items)

    def new_batch(self, suffix: str, **more: Any) -> str:
        return self.client.create_batch(f"{self.name} {suffix}", **more).batch_id

    def need_batch(self) -> str:
        if not self.batch_id:
            raise NotAsked("no batch could be created")
        return self.batch_id

    def results_of(self, batch_id: str, count: int) -> dict[str, ResultRow]:
        """Returns the results of a batch once there are so many. Raises Different if they do not come in time."""
        found: dict[str, ResultRow] = {}
        for _ in range(LOOKS):
            read = [read_result(raw) for raw in self.client.iter_results(batch_id)]
            found = {row.batch_request_id: row for row in read if row.outcome != "not_ready"}
            if len(found) >= count:
                return found
            self.wait(PAUSE)
        raise Different(f"{len(found)} of {count} results after {LOOKS * PAUSE / 60:.0f} minutes")


def file_line(request_id: str, model: str) -> bytes:
    """Returns a file with one request (facts 3)."""
    body = {"model": model, "messages": [{"role": "user", "content": "Reply with OK."}]}
    line = {"custom_id": request_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
