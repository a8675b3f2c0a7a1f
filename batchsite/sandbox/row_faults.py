"""Which rows scripted faults make fail or hang. Decided at admission and not changed by later rules."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from hashlib import blake2b

from batchsite.sandbox.fault_kinds import ENVELOPES, Rule
from batchsite.sandbox.faults import bump
from batchsite.sandbox.stored_batches import Odd


def decide(connection: sqlite3.Connection, rules: Sequence[Rule], keys: Sequence[str]) -> dict[str, Odd]:
    """Returns the odd rows among ``keys``, which are new in their batch. ``rules`` are those that hit the call."""
    decided: dict[str, Odd] = {}
    for rule in (rule for rule in rules if rule.what in ("fail_rows", "hang_rows")):
        for key in keys:
            if key not in decided and chosen(rule, key) and _in_first_batches(connection, rule, key):
                decided[key] = _odd(rule, key)
    return decided


def chosen(rule: Rule, key: str) -> bool:
    """Returns True if a row is in the ``ids``, or else in the ``share``, of a rule. Always the same for one id."""
    if ids := rule.option("ids"):
        return key in ids
    share = int.from_bytes(blake2b(f"{rule.seed}:{key}".encode(), digest_size=7).digest()) / 2**56
    return bool(share < rule.option("share"))


def _in_first_batches(connection: sqlite3.Connection, rule: Rule, key: str) -> bool:
    """Returns True in the first ``batches`` that contain the id, so that a retry can succeed."""
    batches = rule.option("batches")
    return not batches or bump(connection, rule, f"row:{key}") <= batches


def _odd(rule: Rule, key: str) -> Odd:
    if rule.what == "hang_rows":
        return Odd("hanging")
    envelope = rule.option("envelope")
    if envelope == "mixed":
        shapes = [shape for shape in ENVELOPES if shape != "mixed"]
        envelope = random.Random(f"{rule.seed}:{key}").choice(shapes)  # noqa: S311  not a secret
    return Odd("failed", envelope, rule.option("text"), rule.option("code"))
