"""Batches from uploaded JSONL files: one bad line ends the batch, and only a message says so (facts 2.10, 3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from batchsite.sandbox import stored_batches
from batchsite.sandbox.admission import Checked, SchemaMismatch, check_request, not_batchable, requests, unknown_model
from batchsite.sandbox.batch_clock import Batch
from batchsite.sandbox.batch_operations import admit, refused_model
from batchsite.sandbox.file_routes import find_file
from batchsite.sandbox.parsed_request import CHAT, RESPONSES
from batchsite.sandbox.price_list import find_model
from batchsite.sandbox.simulated_pictures import EDIT, GENERATION, VIDEO
from batchsite.sandbox.world import CallContext

MAX_LINES = 50_000

_KINDS = {"/v1/chat/completions": CHAT, "/v1/responses": RESPONSES}
_KINDS |= {"/v1/images/generations": GENERATION, "/v1/images/edits": EDIT, "/v1/videos/generations": VIDEO}
_SLICE = 1000


class BadFile(Exception):
    """An invalid file. The message appears in cancel_by_xai_message."""


def admit_file(context: CallContext, connection: sqlite3.Connection, batch: Batch, now: int) -> None:
    """Queues the lines of the batch's file, or cancels the batch. Raises Refused (404) if there is no such file."""
    path = find_file(context, connection, batch.input_file_id or "").path
    connection.execute("SAVEPOINT file")
    try:
        _admit_lines(context, connection, batch, path)
    except BadFile as error:
        connection.execute("ROLLBACK TO file")
        message = f"JSONL file validation failed: {error}"
        stored_batches.change_batch(connection, batch, cancelled_us=now, cancel_message=message, wiped=1)
    connection.execute("RELEASE file")


def _admit_lines(context: CallContext, connection: sqlite3.Connection, batch: Batch, path: Path) -> None:
    with path.open("rb") as lines:
        rows = _checked(lines)
        while part := list(islice(rows, _SLICE)):
            _refuse_models(context, part)
            fresh = stored_batches.find_batch(connection, batch.batch_id) or batch
            odd = {row.id: row.odd for row in part if row.odd}
            admit(context, connection, fresh, requests(part), odd)


def _refuse_models(context: CallContext, rows: list[Checked]) -> None:
    names = [row.model for row in rows]
    rule = context.rule("refuse_model")
    if rule and (refused := refused_model(rule, names)):
        raise BadFile(not_batchable(refused))
    for name in dict.fromkeys(names):
        model = find_model(name)
        if model is None or not model.batchable:
            raise BadFile(not_batchable(name) if model else unknown_model(name))


def _checked(lines: Iterator[bytes]) -> Iterator[Checked]:
    """Yields the requests line by line, so that memory stays flat. Blank lines are skipped."""
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(seen) >= MAX_LINES:
            raise BadFile(f"more than {MAX_LINES} lines")
        row = _check_line(line, f"line {number}")
        if row.id in seen:
            raise BadFile(f"line {number}: duplicate custom_id `{row.id}`")
        seen.add(row.id)
        yield row
    if not seen:
        raise BadFile("the file has no requests")


def _check_line(line: bytes, where: str) -> Checked:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadFile(f"{where}: invalid JSON: {error}") from None
    if not isinstance(item, dict):
        raise BadFile(f"{where}: expected an object")
    for name in ("custom_id", "url", "body"):
        if name not in item:
            raise BadFile(f"{where}: missing field `{name}`")
    try:
        return check_request(_text(item["custom_id"], where), _kind(item["url"], where), item["body"], "body")
    except SchemaMismatch as mismatch:
        raise BadFile(f"{where}: {mismatch}") from None


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadFile(f"{where}: custom_id must be a string that is not empty")
    return value


def _kind(url: Any, where: str) -> str:
    if url not in _KINDS:
        raise BadFile(f"{where}: unsupported url `{url}`")
    return _KINDS[url]
