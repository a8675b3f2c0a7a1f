"""/admin: faults, settings, clock and ledger. The key is only needed if the sandbox has a key file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from batchsite.sandbox import ledger, stored_batches
from batchsite.sandbox.accepted_keys import share_team
from batchsite.sandbox.batch_clock import Batch
from batchsite.sandbox.exchange import Call, Refused, Reply, json_reply
from batchsite.sandbox.fault_kinds import KINDS, BadRule
from batchsite.sandbox.sandbox_settings import BadSetting
from batchsite.sandbox.world import World


def _refused(status: int, text: str) -> Refused:
    return Refused(json_reply({"error": text}, status))


def add_faults(world: World, call: Call) -> Reply:
    """Adds one rule or a list of rules, all or none. The reply has their numbers."""
    raw = call.json
    rules = raw if isinstance(raw, list) else [raw]
    try:
        numbers = world.faults.add_all(rules)
    except BadRule as error:
        raise _refused(400, str(error)) from None
    return json_reply({"numbers": numbers}, 201)


def list_faults(world: World, _: Call) -> Reply:
    """The rules with ``seen`` (calls that matched) and ``hits``, and all kinds of faults."""
    kinds = {name: {"help": kind.help, "calls": kind.calls, "options": kind.options} for name, kind in KINDS.items()}
    return json_reply({"faults": world.faults.listed(), "kinds": kinds})


def remove_faults(world: World, call: Call) -> Reply:
    number = call.args[0] if call.args else None
    world.faults.remove(int(number) if number else None)
    return json_reply({"faults": world.faults.listed()})


def get_settings(world: World, _: Call) -> Reply:
    return json_reply(asdict(world.settings))


def change_settings(world: World, call: Call) -> Reply:
    """Rows admitted earlier keep their due times."""
    try:
        return json_reply(asdict(world.change_settings(_object(call))))
    except BadSetting as error:
        raise _refused(400, str(error)) from None


def advance(world: World, call: Call) -> Reply:
    """Moves the clock of one batch, or of the whole sandbox, ahead by ``seconds``."""
    body = _object(call)
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
        raise _refused(400, "advance takes seconds, a number of 0 or more.")
    if "batch_id" in body:
        _shift(world, _batch(world, body["batch_id"]), int(seconds * 1e6))
    else:
        world.change_settings({"time_offset": world.settings.time_offset + seconds})
    return json_reply({"time_offset": world.settings.time_offset})


def complete(world: World, call: Call) -> Reply:
    """Moves the clock of one batch, or of each, to when its last row is due and its counters have settled."""
    body = _object(call) if call.body else {}
    batches = [_batch(world, body["batch_id"])] if "batch_id" in body else ledger.all_batches(world)
    settings = world.settings
    for batch in batches:
        started = batch.created_us if batch.first_add_us is None else batch.first_add_us
        settled = int(max(started + settings.settle * 1e6, batch.created_us + settings.file_settle * 1e6)) + 1
        _shift(world, batch, max(0, max(batch.last_due, settled) - world.now(batch)))
    return json_reply({"completed": len(batches)})


def _shift(world: World, batch: Batch, microseconds: int) -> None:
    with world.store.write() as connection:
        connection.execute(
            "UPDATE batches SET offset_us = offset_us + ? WHERE number = ?", (microseconds, batch.number)
        )


def set_key(world: World, call: Call) -> Reply:
    """Puts a ``key`` into a ``team``, so that several keys see the same batches."""
    body = _object(call)
    if not isinstance(body.get("key"), str) or not isinstance(body.get("team"), str):
        raise _refused(400, "keys takes key and team, both strings.")
    share_team(world.store, body["key"], body["team"])
    return json_reply({"team": body["team"]})


def reset(world: World, _: Call) -> Reply:
    world.reset()
    return json_reply({"reset": True})


def show_ledger(world: World, call: Call) -> Reply:
    if key := call.query.get("batch_request_id"):
        return json_reply(ledger.of_request(world, key))
    if key := call.query.get("batch_id"):
        return json_reply(ledger.of_batch(world, _batch(world, key)))
    return json_reply(ledger.of_all(world))


def stream_ledger(world: World, call: Call) -> Reply:
    key = call.query.get("batch_id")
    batches = [_batch(world, key)] if key else ledger.all_batches(world)
    return Reply(content_type="application/jsonl", stream=ledger.as_jsonl(world, batches))


def show_direct(world: World, _: Call) -> Reply:
    """Every direct completion that was asked for, deferred ones with whether their answer was read."""
    return json_reply({"calls": ledger.direct_calls(world)})


def health(_: World, __: Call) -> Reply:
    return json_reply({"sandbox": "ready", "answers": "simulated"})


def _object(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise _refused(400, "Send a JSON object.")
    return call.json


def _batch(world: World, batch_id: Any) -> Batch:
    with world.store.read() as connection:
        batch = stored_batches.find_batch(connection, str(batch_id))
    if batch is None:
        raise _refused(404, f"There is no batch {batch_id}.")
    return batch
