"""The list of all files of a takeout: written last, so that whoever finds it knows that nothing is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from batchsite.teams.models import Team

NAME = "manifest.json"
WHAT = "The files of this folder, with what each is, its size, its SHA-256, and how many records it has"
LEFT_OUT = (
    "Left out: keys, passwords, tokens of links and webhooks, and what was deleted. Amounts are in ticks of 1e-10 USD."
)


def pieces(team: Team, begun_at: datetime, ended_at: datetime, entries: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yields the manifest, a file a line."""
    head = {
        "form": 1,
        "about": f"Everything that the team “{team.name}” has. {LEFT_OUT}",
        "team_id": team.pk,
        "begun_at": begun_at,
        "ended_at": ended_at,
    }
    yield orjson.dumps(head)[:-1] + b',"files":['
    between, files, records, size = b"\n", 0, 0, 0
    for entry in entries:
        told = {name: entry[name] for name in ("path", "what", "size", "sha256", "count")}
        yield between + orjson.dumps(told)
        between = b",\n"
        files, records, size = files + 1, records + (entry["count"] or 0), size + entry["size"]
    yield b"\n]," + orjson.dumps({"file_count": files, "records": records, "bytes": size})[1:] + b"\n"
