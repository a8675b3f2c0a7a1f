"""Shared by the routes of a batch: finding it, admitting rows, scripted events, and its reply."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from batchsite.sandbox import stored_batches, wire_shapes
from batchsite.sandbox.batch_clock import Batch, Counters, cut, schedule
from batchsite.sandbox.fault_kinds import Rule
from batchsite.sandbox.faults import Target
from batchsite.sandbox.row_faults import decide
from batchsite.sandbox.stored_batches import Odd, Request
from batchsite.sandbox.world import CallContext, World


def require_batch(context: CallContext, connection: sqlite3.Connection | None = None) -> Batch:
    """Returns the batch of the path. Raises Refused (404) if the team has no such batch."""
    if connection is None:
        with context.world.store.read() as reader:
            return require_batch(context, reader)
    batch = stored_batches.find_batch(connection, context.batch_id)
    if batch is None or batch.team != context.key.team or batch.vanished:
        wire_shapes.refuse(404, f"Batch not found: {context.batch_id}")
    return batch


def fault_target(context: CallContext, call: str, batch: Batch | None, name: str = "") -> Target:
    """Returns what rules are matched against. ``name`` is that of a batch about to be created."""
    if batch is None:
        return Target(call, context.key.text, name)
    since = batch.created_us if batch.first_add_us is None else batch.first_add_us
    fresh = not context.call.query.get("pagination_token")
    now = context.world.now(batch)
    return Target(call, context.key.text, batch.name, batch.batch_id, now, since, fresh)


def apply_event(world: World, connection: sqlite3.Connection, batch: Batch, rule: Rule) -> None:
    """Applies a rule of the family ``event`` to a batch. The effect stays when the rule is removed."""
    now = world.now(batch)
    match rule.what:
        case "vanish":
            stored_batches.change_batch(connection, batch, vanished=1)
        case "expire":
            gone = int(rule.option("results") == "gone")
            stored_batches.change_batch(connection, batch, expired_us=now, results_gone=gone)
        case "cancel_by_xai":
            wiped = int(rule.option("rows") == "none")
            message = rule.option("message")
            stored_batches.change_batch(connection, batch, cancelled_us=now, cancel_message=message, wiped=wiped)


def batch_reply(world: World, batch: Batch, rules: Sequence[Rule]) -> dict[str, Any]:
    """Returns the batch as the caller sees it, distorted by the scripted faults."""
    now = world.now(batch)
    kinds = {rule.what for rule in rules}
    settling = _settling(world, batch, now)
    if "counters_missing" in kinds:
        counters = None
    elif "counters_zero" in kinds or settling or batch.wiped:
        counters = Counters()
    else:
        with world.store.read() as connection:
            counters = stored_batches.count(connection, batch, cut(batch, now))
    killed = batch.cancel_message is not None and not (settling and batch.input_file_id is not None)
    return wire_shapes.batch_object(batch, counters, killed=killed)


def _settling(world: World, batch: Batch, now: int) -> bool:
    """Returns True shortly after the first add, while counters are all zero (facts 2.4, 3)."""
    if batch.input_file_id is not None:
        return now < batch.created_us + world.settings.file_settle * 1e6
    return batch.first_add_us is not None and now < batch.first_add_us + world.settings.settle * 1e6


def admit(
    context: CallContext,
    connection: sqlite3.Connection,
    batch: Batch,
    requests: Sequence[Request],
    odd: Mapping[str, Odd],
) -> None:
    """Queues requests in the caller's transaction. ``odd`` holds those whose values will not work."""
    settings, now = context.world.settings, context.world.now(batch)
    backwards = context.rule("late_rows") is not None
    plan = schedule(batch, now, rate=settings.rate, delay=settings.delay, backwards=backwards)
    again = settings.identical_adds == "billed"
    placed = stored_batches.add_requests(connection, batch, requests, plan, now, bills_again=again)
    fates = decide(connection, context.rules, [key for key, _ in placed]) | dict(odd)
    if fates:
        stored_batches.add_odd(connection, batch, [(key, due, fates[key]) for key, due in placed if key in fates])


def refused_model(rule: Rule, models: Sequence[str]) -> str | None:
    """Returns the first model that the rule ``refuse_model`` refuses, None if there is none."""
    wanted = rule.option("model")
    return next((model for model in models if wanted in ("", model)), None)
