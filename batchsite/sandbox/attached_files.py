"""Uploaded files that requests name by their ids: whether they are there (facts 3, 6.4)."""

from __future__ import annotations

from typing import Any

from batchsite.sandbox.admission import Checked
from batchsite.sandbox.exchange import Refused
from batchsite.sandbox.file_routes import find_file
from batchsite.sandbox.parsed_request import messages_of
from batchsite.sandbox.seen_pictures import file_ids
from batchsite.sandbox.stored_batches import Odd
from batchsite.sandbox.world import CallContext


def missing_file(context: CallContext, kind: str, body: dict[str, Any]) -> str | None:
    """Returns the error of the first file that the team does not have, or not any more. None if all are there."""
    for file_id in file_ids(messages_of(kind, body)):
        try:
            with context.world.store.read() as connection:
                find_file(context, connection, file_id)
        except Refused:
            return f"File not found: {file_id}"
    return None


def with_files(context: CallContext, rows: list[Checked]) -> list[Checked]:
    """Returns the requests; those fail when they run whose files are not there."""
    return [_with_files(context, row) for row in rows]


def _with_files(context: CallContext, row: Checked) -> Checked:
    gone = None if row.odd else missing_file(context, row.kind, row.body)
    return row._replace(odd=Odd("failed", text=gone, code=5)) if gone else row
