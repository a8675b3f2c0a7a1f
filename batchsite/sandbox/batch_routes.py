"""/v1/batches: create, list, get, add, cancel (facts 2.1-2.5, 2.9)."""

from __future__ import annotations

import uuid
from typing import Any

from batchsite.sandbox import stored_batches, wire_shapes
from batchsite.sandbox.admission import check_add, check_models, not_batchable, requests
from batchsite.sandbox.attached_files import with_files
from batchsite.sandbox.batch_clock import Batch, cut
from batchsite.sandbox.batch_operations import (
    admit,
    apply_event,
    batch_reply,
    fault_target,
    refused_model,
    require_batch,
)
from batchsite.sandbox.exchange import Reply, json_reply
from batchsite.sandbox.fault_kinds import Rule
from batchsite.sandbox.file_batches import admit_file
from batchsite.sandbox.page_tokens import START, page_parameters
from batchsite.sandbox.stored_batches import ContentDiffers
from batchsite.sandbox.world import CallContext, World


def create(context: CallContext) -> Reply:
    """Unknown members are ignored; only ``name`` is required (facts 2.1)."""
    name = batch_name(context.call.json, len(context.call.body))
    file_id = context.call.json.get("input_file_id")
    now = context.world.now()
    values = {
        "batch_id": f"batch_{uuid.uuid4()}",
        "team": context.key.team,
        "key_id": context.key.id,
        "name": name,
        "created_us": now,
        "input_file_id": file_id,
    }
    with context.world.store.write() as connection:
        batch = stored_batches.new_batch(connection, values)
        if file_id is not None:
            admit_file(context, connection, batch, now)
        for rule in context.rules:
            apply_event(context.world, connection, batch, rule)
        batch = stored_batches.find_batch(connection, batch.batch_id) or batch
    return json_reply(batch_reply(context.world, batch, context.rules))


def batch_name(payload: Any, size: int) -> str:
    if not isinstance(payload, dict):
        wire_shapes.unprocessable("invalid type, expected struct CreateBatchRequest", size)
    if "name" not in payload:
        wire_shapes.unprocessable("missing field `name`", size)
    for field in ("name", "input_file_id"):
        if not isinstance(payload.get(field), str) and not (field != "name" and payload.get(field) is None):
            wire_shapes.unprocessable(f"{field}: invalid type, expected a string", size)
    return str(payload["name"])


def list_batches(context: CallContext) -> Reply:
    """Newest first. The token is the id of the last batch on the page (facts 2.3)."""
    limit, token = page_parameters(context.call)
    token = "" if token == START else token
    world = context.world
    with world.store.read() as connection:
        last = stored_batches.find_batch(connection, token) if token else None
        if token and last is None:
            wire_shapes.refuse(400, "Invalid pagination token.")
        before = last.number if last else 2**62
        batches = stored_batches.team_batches(connection, context.key.team, before, limit + 1)
    page = batches[:limit]
    more = len(batches) > limit
    end = page[-1].batch_id if more else world.end_token(f"list {len(page)}")
    views = [(batch, _views(context, batch)) for batch in page]
    listed = [(batch, rules) for batch, rules in views if not any(rule.what == "unlisted" for rule in rules)]
    shapes = [batch_reply(world, batch, rules) for batch, rules in listed]
    return json_reply({"batches": shapes, "pagination_token": end})


def _views(context: CallContext, batch: Batch) -> list[Rule]:
    return context.world.faults.pick(fault_target(context, "list", batch), ("view",))


def get(context: CallContext) -> Reply:
    return json_reply(batch_reply(context.world, require_batch(context), context.rules))


def add(context: CallContext) -> Reply:
    """Admits all requests or none. The reply is ``null`` (facts 2.5)."""
    checked = check_add(context.call.json, len(context.call.body))
    _check_open(context.world, require_batch(context))
    check_models(checked)
    refused = context.rule("refuse_model")
    if refused and (model := refused_model(refused, [row.model for row in checked])):
        wire_shapes.refuse(400, not_batchable(model))
    if context.rule("drop_add"):
        return json_reply(None)
    checked = with_files(context, checked)
    odd = {row.id: row.odd for row in checked if row.odd}
    rows = requests(checked)
    try:
        with context.world.store.write() as connection:
            batch = require_batch(context, connection)
            _check_open(context.world, batch)
            admit(context, connection, batch, rows, odd)
    except ContentDiffers as error:
        wire_shapes.refuse(
            412, f"batch_request_id '{error.batch_request_id}' content differs from originally submitted"
        )
    return json_reply(None)


def _check_open(world: World, batch: Batch) -> None:
    if batch.input_file_id is not None:
        wire_shapes.refuse(412, "Cannot add inline requests to a file-based batch")
    if cut(batch, world.now(batch)).closed:
        wire_shapes.refuse(403, f"Batch {batch.batch_id} is cancelled or expired; requests cannot be added to it.")


def cancel(context: CallContext) -> Reply:
    """Cancelling twice, or cancelling a finished batch, is accepted too (facts 2.9)."""
    world = context.world
    with world.store.write() as connection:
        batch = require_batch(context, connection)
        now = world.now(batch)
        if batch.cancelled_us is None:
            reverts = context.rule("cancel_reverts")
            revert = now + int(reverts.option("seconds") * 1e6) if reverts else None
            stored_batches.change_batch(connection, batch, cancelled_us=now, revert_us=revert)
        batch = require_batch(context, connection)
    return json_reply(batch_reply(world, batch, context.rules))
