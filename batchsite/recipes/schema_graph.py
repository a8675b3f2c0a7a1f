"""How much work a JSON Schema is: its subschemas as a graph, and how many of them apply to one value. Pure.

A schema of one kilobyte can stand for millions of subschemas, because references may be repeated at every level. The
graph has a node for each subschema that is written down. Counting paths through it, level by level of the answer, gives
the work without expanding anything.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchsite.recipes.schema_nodes import SAME_VALUE_LISTS, SchemaError, SchemaNode, nodes_of, schemas_in, target_of

DEEPEST_LEVEL = 64
"""Levels of an answer for which the work is counted. Answers of a recursive schema may not nest deeper."""
MOST_EXPANDED = 20_000
"""Subschemas that may apply to one value of an answer, each counted as often as it is referred to."""
LEAST_LEVELS = 4
"""Levels of an answer that must be within MOST_EXPANDED, also for a schema that refers to itself."""
MOST_STEPS = 300_000
"""Edges of the graph that are followed for the count, about half a second."""


@dataclass(frozen=True)
class SchemaGraph:
    """The work that a schema means for one value of an answer, by the level of the value (0 is the whole answer)."""

    costs: tuple[int, ...]
    """Upper bounds by level; the greatest of them holds for all deeper levels if `is_complete`."""
    is_complete: bool
    """False if nothing is known about deeper levels: answers that nest deeper cannot be checked."""
    properties: tuple[str, ...]
    """Properties of an object at the root, also those named by its $ref, allOf, anyOf and oneOf, in order."""
    has_choices: bool
    """Whether there is an anyOf or oneOf, whose errors hold the errors of all alternatives."""

    def cost(self, depth: int) -> int | None:
        """Returns the work for one value of an answer that nests `depth` levels. None if it has no bound."""
        if depth >= len(self.costs) and not self.is_complete:
            return None
        return max(self.costs[: depth + 1])


def graph_of(schema: Mapping[str, Any]) -> SchemaGraph:
    """Returns the graph of a schema. Raises SchemaError if it refers to itself in a circle or is too much work."""
    nodes, parts = nodes_of(schema)
    costs, is_complete = _Count(nodes).levels()
    has_choices = any("anyOf" in part or "oneOf" in part for part in parts if isinstance(part, dict))
    return SchemaGraph(tuple(costs), is_complete, _root_properties(schema), has_choices)


def _root_properties(root: Mapping[str, Any]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    waiting: list[Any] = [root]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop(0)
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part.get("properties"), dict):
            names |= dict.fromkeys(part["properties"])
        further = [target_of(root, part["$ref"])] if "$ref" in part else []
        waiting[:0] = [*further, *(inner for keyword in SAME_VALUE_LISTS for inner in schemas_in(part.get(keyword)))]
    return tuple(names)


class _TooMuch(Exception):
    """More than MOST_EXPANDED subschemas apply to one value."""


class _Count:
    """Counts how often each subschema applies to one value, for all values that an answer may hold."""

    def __init__(self, nodes: Sequence[SchemaNode]) -> None:
        self._nodes = nodes
        self._ranks = _ranks(nodes)
        self._steps = 0

    def levels(self) -> tuple[list[int], bool]:
        """Returns (greatest cost of a value by level, whether all levels were counted)."""
        costs: list[int] = []
        starts: list[Counter[int]] = [Counter({0: 1})]
        known = {_key(starts[0])}
        while starts:
            if len(costs) == DEEPEST_LEVEL:
                return costs, False
            try:
                values = [self._applied(start) for start in starts]
            except _TooMuch as error:
                if len(costs) >= LEAST_LEVELS and self._is_recursive():
                    return costs, False
                raise SchemaError(
                    f"The schema refers to the same parts again and again: more than {MOST_EXPANDED:,} of them would "
                    "apply to one value. Refer to each part less often."
                ) from error
            costs.append(max(sum(count * self._nodes[number].cost for number, count in v.items()) for v in values))
            starts = []
            for start in (start for applied in values for start in self._inner(applied)):
                if _key(start) not in known:
                    known.add(_key(start))
                    starts.append(start)
        return costs, True

    def _applied(self, start: Counter[int]) -> Counter[int]:
        """Returns how often each subschema applies to a value to which those of `start` do."""
        applied = Counter(start)
        waiting = [(self._ranks[number], number) for number in start]
        heapq.heapify(waiting)
        total = sum(start.values())
        while waiting:
            _, number = heapq.heappop(waiting)
            self._step(1 + len(self._nodes[number].same))
            for target, times in self._nodes[number].same.items():
                if target not in applied:
                    heapq.heappush(waiting, (self._ranks[target], target))
                applied[target] += applied[number] * times
                total += applied[number] * times
                if total > MOST_EXPANDED:
                    raise _TooMuch
        return applied

    def _inner(self, applied: Counter[int]) -> Iterator[Counter[int]]:
        """Yields, for each property and item, how often subschemas are given for it."""
        shared: Counter[int] = Counter()
        by_name: dict[str | int, list[int]] = {}
        for number, count in applied.items():
            node = self._nodes[number]
            for target, times in (*node.others.items(), *node.every.items()):
                shared[target] += count * times
            for name in node.named:
                by_name.setdefault(name, []).append(number)
        if shared:
            yield shared
        for name, numbers in by_name.items():
            self._step(len(shared) + len(numbers))
            start = Counter(shared)
            for number in numbers:
                node, count = self._nodes[number], applied[number]
                start[node.named[name]] += count
                start.subtract({target: count * times for target, times in node.others.items()})
            yield +start

    def _step(self, count: int) -> None:
        self._steps += count
        if self._steps > MOST_STEPS:
            raise SchemaError("The schema is too complex: too many of its parts refer to each other.")

    def _is_recursive(self) -> bool:
        return len(_sorted([set(node.targets()) for node in self._nodes])) < len(self._nodes)


def _key(start: Counter[int]) -> frozenset[tuple[int, int]]:
    return frozenset(start.items())


def _ranks(nodes: Sequence[SchemaNode]) -> list[int]:
    """Returns the place of each node in an order in which it comes before those that apply to the same value.

    Raises SchemaError if there is no such order.
    """
    order = _sorted([set(node.same) for node in nodes])
    if len(order) < len(nodes):
        raise SchemaError("The schema refers to itself in a circle, so that no answer could ever be checked.")
    ranks = [0] * len(nodes)
    for rank, number in enumerate(order):
        ranks[number] = rank
    return ranks


def _sorted(edges: Sequence[set[int]]) -> list[int]:
    """Returns a topological order, without the nodes that are part of a circle or come after one."""
    incoming = Counter(target for targets in edges for target in targets)
    order = [number for number in range(len(edges)) if not incoming[number]]
    for number in order:  # `order` grows meanwhile
        for target in edges[number]:
            incoming[target] -= 1
            if not incoming[target]:
                order.append(target)
    return order
