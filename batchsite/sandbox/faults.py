"""Which scripted faults hit a call. Rules and their counts are in the store and survive a restart."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from batchsite.sandbox.fault_kinds import Rule, parse_rule
from batchsite.sandbox.store import Store


@dataclass(frozen=True)
class Target:
    """What rules are matched against."""

    call: str
    key: str = ""
    batch_name: str = ""
    batch_id: str = ""
    now: int = 0
    """Microseconds, by the batch's clock."""
    since: int = 0
    """Start of the window of windowed faults: the batch's first add call, or else its creation."""
    fresh: bool = True
    """False for the second and later pages of a walk, which do not count as reads."""

    def matches(self, rule: Rule) -> bool:
        batch_matches = rule.batch in self.batch_name or rule.batch == self.batch_id
        return rule.wants(self.call) and batch_matches and rule.key in self.key


class Faults:
    """The rules in force."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: tuple[Rule, ...] = ()
        self.reload()

    def reload(self) -> None:
        """Reads the rules from the store."""
        with self._store.read() as connection:
            rows = connection.execute("SELECT number, rule FROM faults ORDER BY number").fetchall()
        self._rules = tuple(replace(parse_rule(orjson.loads(text)), number=number) for number, text in rows)

    def add_all(self, rules: Sequence[Any], source: str = "admin") -> list[int]:
        """Adds rules, all or none, and returns their numbers. Raises BadRule."""
        for raw in rules:
            parse_rule(raw)
        with self._store.write() as connection:
            cursors = [
                connection.execute("INSERT INTO faults (source, rule) VALUES (?, ?)", (source, _text(raw)))
                for raw in rules
            ]
        self.reload()
        return [int(cursor.lastrowid or 0) for cursor in cursors]

    def install(self, rules: Sequence[Any]) -> None:
        """Replaces the rules from the environment by ``rules``. Unchanged rules keep their counts."""
        wanted = [_text(raw) for raw in rules]
        with self._store.read() as connection:
            query = "SELECT number, rule FROM faults WHERE source = 'environment'"
            present = {text: number for number, text in connection.execute(query)}
        for text, number in present.items():
            if text not in wanted:
                self.remove(number)
        new = [raw for raw, text in zip(rules, wanted, strict=True) if text not in present]
        self.add_all(new, "environment")

    def remove(self, number: int | None = None) -> None:
        """Removes one rule, or all."""
        with self._store.write() as connection:
            for table, column in (("faults", "number"), ("marks", "rule")):
                connection.execute(f"DELETE FROM {table} WHERE ?1 IS NULL OR {column} = ?1", (number,))  # noqa: S608
        self.reload()

    def listed(self) -> list[dict[str, Any]]:
        with self._store.read() as connection:
            rows = connection.execute("SELECT number, source, rule, seen, hits FROM faults ORDER BY number").fetchall()
        return [
            {"number": number, "source": source, **orjson.loads(rule), "seen": seen, "hits": hits}
            for number, source, rule, seen, hits in rows
        ]

    def pick(self, target: Target, families: Collection[str]) -> list[Rule]:
        """Returns the rules that hit this call, in order. Counts are on disk before a rule takes effect."""
        candidates = [rule for rule in self._rules if rule.kind.family in families and target.matches(rule)]
        if not candidates:
            return []
        with self._store.write() as connection:
            picked: list[Rule] = []
            for rule in candidates:
                replied = rule.kind.family == "reply" and any(other.kind.family == "reply" for other in picked)
                if _hits(connection, rule, target, reply_taken=replied):
                    picked.append(rule)
            return picked


def _text(raw: Any) -> str:
    """Returns the canonical text of a rule, by which it is recognised after a restart."""
    return orjson.dumps(raw, option=orjson.OPT_SORT_KEYS).decode()


def _hits(connection: sqlite3.Connection, rule: Rule, target: Target, *, reply_taken: bool) -> bool:
    """Counts the call and returns whether the rule hits it. ``reply_taken``: another rule has the reply already."""
    seen, hits = connection.execute(
        "UPDATE faults SET seen = seen + 1 WHERE number = ? RETURNING seen, hits", (rule.number,)
    ).fetchone() or (0, 0)
    if reply_taken or not _due(rule, seen, hits) or not _in_window(connection, rule, target):
        return False
    connection.execute("UPDATE faults SET hits = hits + 1 WHERE number = ?", (rule.number,))
    return True


def _due(rule: Rule, seen: int, hits: int) -> bool:
    if seen <= rule.after or (rule.times and hits >= rule.times):
        return False
    if (rule.nth and seen != rule.nth) or (rule.every and seen % rule.every):
        return False
    return rule.probability >= 1 or random.Random(f"{rule.seed}:{seen}").random() < rule.probability  # noqa: S311


def _in_window(connection: sqlite3.Connection, rule: Rule, target: Target) -> bool:
    """Returns whether the call is within the rule's ``seconds`` and ``reads``. Without a window it always is."""
    if not rule.kind.windowed:
        return True
    seconds, reads = rule.option("seconds"), rule.option("reads")
    if seconds and target.now - target.since >= seconds * 1e6:
        return False
    if not reads:
        return True
    mark = f"read:{target.batch_id}"
    done = bump(connection, rule, mark) if target.fresh else _mark(connection, rule, mark)
    return bool(done <= reads)


def bump(connection: sqlite3.Connection, rule: Rule, mark: str) -> int:
    """Increments a counter of the rule and returns its value."""
    row = connection.execute(
        "INSERT INTO marks VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count",
        (rule.number, mark),
    ).fetchone()
    return int(row[0])


def _mark(connection: sqlite3.Connection, rule: Rule, mark: str) -> int:
    row = connection.execute("SELECT count FROM marks WHERE rule = ? AND mark = ?", (rule.number, mark)).fetchone()
    return int(row[0]) if row else 1
