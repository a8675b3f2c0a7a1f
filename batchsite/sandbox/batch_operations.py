"""What the routes of a batch share: finding it, admitting rows, scripted events, and how it is shown."""

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


def find(context: CallContext, connection: sqlite3.Connection | None = None) -> Batch:
    """The batch of the path. Raises Refused (404) where the team has none such."""
    if connection is None:
        with context.world.store.read() as reader:
            return find(context, reader)
    batch = stored_batches.find_batch(connection, context.batch_id)
    if batch is None or batch.team != context.key.team or batch.vanished:
        wire_shapes.refuse(404, f"Batch not found: {context.batch_id}")
    return batch


def target(context: CallContext, call: str, batch: Batch | None, name: str = "") -> Target:
    """What the rules are matched against; ``name`` is that of a batch about to be created."""
    if batch is None:
        return Target(call, context.key.text, name)
    since = batch.created_us if batch.first_add_us is None else batch.first_add_us
    fresh = not context.call.query.get("pagination_token")
    now = context.world.now(batch)
    return Target(call, context.key.text, batch.name, batch.batch_id, now, since, fresh)


def apply_event(world: World, connection: sqlite3.Connection, batch: Batch, rule: Rule) -> None:
    """Does to a batch what a rule of the family ``event`` says; it stays done when the rule is gone."""
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


def shown(world: World, batch: Batch, rules: Sequence[Rule]) -> dict[str, Any]:
    """The batch as the caller sees it: true, or as the scripted lies want it."""
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
    """All-zero counters for a moment (facts 2.4, 3)."""
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
    """Queues requests inside the caller's transaction; ``odd`` says whose values will not work."""
    settings, now = context.world.settings, context.world.now(batch)
    backwards = context.rule("late_rows") is not None
    plan = schedule(batch, now, rate=settings.rate, delay=settings.delay, backwards=backwards)
    placed = stored_batches.add_requests(connection, batch, requests, plan, now)
    fates = decide(connection, context.rules, [key for key, _ in placed]) | dict(odd)
    if fates:
        stored_batches.add_odd(connection, batch, [(key, due, fates[key]) for key, due in placed if key in fates])


def refused_model(rule: Rule, models: Sequence[str]) -> str | None:
    wanted = rule.option("model")
    return next((model for model in models if wanted in ("", model)), None)
