"""/v1/files: uploads are streamed to disk; their lines are only checked when a batch uses them (facts 3)."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchsite.sandbox import wire_shapes
from batchsite.sandbox.exchange import Reply, json_reply
from batchsite.sandbox.multipart_form import Malformed, Upload, receive
from batchsite.sandbox.page_tokens import page_parameters
from batchsite.sandbox.world import CallContext

MAX_BYTES = 200 * 1024 * 1024
EXPIRES_AFTER = (3_600, 2_592_000)
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    """One uploaded file. ``number`` increases with each upload."""

    path: Path
    number: int
    file_id: str
    filename: str
    bytes: int
    created_us: int
    expires_us: int | None

    def shape(self) -> dict[str, Any]:
        return wire_shapes.file_object(self.file_id, self.filename, self.bytes, self.created_us, self.expires_us)


_COLUMNS = "number, file_id, filename, bytes, created_us, expires_us"


def upload(context: CallContext) -> Reply:
    """``expires_after`` counts only if it comes before ``file``; ``purpose`` is accepted and ignored."""
    world = context.world
    file_id = f"file_{uuid.uuid4()}"
    path = world.store.files / file_id
    try:
        received = receive(context.call.headers.get("content-type", ""), context.call.stream, path, MAX_BYTES)
        expires = _expires(received)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, Malformed):
            wire_shapes.refuse(error.status, str(error))
        raise
    now = world.now()
    values = (file_id, context.key.team, received.filename, received.size, now, expires and now + expires)
    with world.store.write() as connection:
        connection.execute(
            "INSERT INTO files (file_id, team, filename, bytes, created_us, expires_us) VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
        stored = find_file(context, connection, file_id)
    return json_reply(stored.shape())


def _expires(received: Upload) -> int | None:
    """Returns the lifetime in microseconds, None if not given. Raises Malformed if it is out of range."""
    text = received.fields.get("expires_after")
    if text is None:
        return None
    low, high = EXPIRES_AFTER
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise Malformed(f"expires_after must be between {low} and {high} seconds, got {text}.")
    return int(text) * 1_000_000


def find_file(context: CallContext, connection: sqlite3.Connection, file_id: str) -> StoredFile:
    """Returns the team's file. Raises Refused (404) if it does not exist or has expired."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM files WHERE file_id = ? AND team = ?",  # noqa: S608
        (file_id, context.key.team),
    ).fetchone()
    if row is None or (row[5] is not None and row[5] <= context.world.now()):
        wire_shapes.refuse(404, f"File not found: {file_id}")
    return StoredFile(context.world.store.files / file_id, *row)


def _requested_file(context: CallContext) -> StoredFile:
    with context.world.store.read() as connection:
        return find_file(context, connection, context.call.args[0])


def list_files(context: CallContext) -> Reply:
    """Newest first. Every page has a token, even the last one (facts 3)."""
    limit, token = page_parameters(context.call, 100)
    before = int(token) if token.isascii() and token.isdigit() else 2**62
    with context.world.store.read() as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM files WHERE team = ? AND number < ? ORDER BY number DESC LIMIT ?",  # noqa: S608
            (context.key.team, before, limit),
        ).fetchall()
    stored = [StoredFile(Path(), *row) for row in rows]
    end = str(stored[-1].number) if stored else token
    return json_reply({"object": "list", "data": [file.shape() for file in stored], "pagination_token": end})


def get_file(context: CallContext) -> Reply:
    return json_reply(_requested_file(context).shape())


def content(context: CallContext) -> Reply:
    return Reply(content_type="application/octet-stream", stream=_pieces(_requested_file(context).path))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def delete(context: CallContext) -> Reply:
    stored = _requested_file(context)
    with context.world.store.write() as connection:
        connection.execute("DELETE FROM files WHERE file_id = ?", (stored.file_id,))
    stored.path.unlink(missing_ok=True)
    return json_reply({"id": stored.file_id, "deleted": True, "object": "file"})
