"""How much work a JSON Schema is: its subschemas as a graph, and how many of them apply to one value. Pure.

A schema of one kilobyte can stand for millions of subschemas, because references may be repeated at every level. The
graph has a node for each subschema that is written down. Counting paths through it, level by level of the answer, gives
the work without expanding anything.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Schema = Mapping[str, Any] | bool
DEEPEST_LEVEL = 64
"""Levels of an answer for which the work is counted. Answers of a recursive schema may not nest deeper."""
MOST_PARTS = 5_000
"""Subschemas that a schema may have."""
MOST_EXPANDED = 20_000
"""Subschemas that may apply to one value of an answer, each counted as often as it is referred to."""
LEAST_LEVELS = 4
"""Levels of an answer that must be within MOST_EXPANDED, also for a schema that refers to itself."""
MOST_STEPS = 300_000
"""Edges of the graph that are followed for the count, about half a second."""
PATTERN_COST = 20
"""A pattern costs as much as this many other keywords."""
_SAME_VALUE = ("not", "if", "then", "else")
_SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
_SAME_VALUE_MAPS = ("dependentSchemas", "dependencies")
_ANY_CHILD = ("propertyNames", "contains", "unevaluatedProperties", "unevaluatedItems")
_OTHER_CHILD = ("additionalProperties", "additionalItems", "items")
_EVALUATED_TWICE = frozenset({"unevaluatedProperties", "unevaluatedItems"})
_REFUSED = ("$dynamicRef", "$recursiveRef")


class SchemaError(ValueError):
    """The schema cannot be used; the message says why."""


@dataclass
class _Node:
    """A subschema: its own cost, the subschemas for the same value, and those for the values inside it."""

    cost: int
    same: Counter[int] = field(default_factory=Counter)
    named: dict[str | int, int] = field(default_factory=dict)
    """Subschema of a property, or of an item at a place."""
    others: Counter[int] = field(default_factory=Counter)
    """Subschemas of properties and items that are not in `named`."""
    every: Counter[int] = field(default_factory=Counter)
    """Subschemas of all properties and items."""

    def targets(self) -> Iterator[int]:
        yield from (*self.same, *self.named.values(), *self.others, *self.every)


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
    nodes, parts = _nodes(schema)
    costs, is_complete = _Count(nodes).levels()
    has_choices = any("anyOf" in part or "oneOf" in part for part in parts if isinstance(part, dict))
    return SchemaGraph(tuple(costs), is_complete, _root_properties(schema), has_choices)


def target_of(root: Mapping[str, Any], reference: Any) -> Schema:
    """Returns what a $ref such as `#/$defs/name` names in the schema. Raises SchemaError if it names nothing."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise SchemaError(
            f"$ref “{str(reference)[:80]}” does not name a part of this schema. Write it as #/$defs/name, "
            "and put what it names under $defs."
        )
    part: Any = root
    for step in unquote(reference[1:]).split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, dict) and step in part:
            part = part[step]
        elif isinstance(part, list) and step.isascii() and step.isdigit() and len(step) < 7 and int(step) < len(part):
            part = part[int(step)]
        else:
            raise SchemaError(f"$ref “{reference[:80]}” names nothing in this schema.")
    if not isinstance(part, dict | bool):
        raise SchemaError(f"$ref “{reference[:80]}” names something that is not a schema.")
    return part


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
        waiting[:0] = [*further, *(inner for keyword in _SAME_VALUE_LISTS for inner in _schemas(part.get(keyword)))]
    return tuple(names)


# ---- the graph -------------------------------------------------------------------------------------------


def _nodes(root: Mapping[str, Any]) -> tuple[list[_Node], list[Schema]]:
    """Returns (a node for every subschema that can be reached, the subschemas themselves), the root first."""
    parts: list[Schema] = [root]
    numbers = {id(root): 0}
    nodes: list[_Node] = []

    def number_of(part: Schema) -> int:
        if isinstance(part, bool) or id(part) not in numbers:
            if len(parts) == MOST_PARTS:
                raise SchemaError(f"The schema has more than {MOST_PARTS:,} parts.")
            numbers[id(part)] = len(parts)
            parts.append(part)
        return numbers[id(part)]

    for part in parts:  # `parts` grows meanwhile
        node = _Node(_own_cost(part))
        nodes.append(node)
        if isinstance(part, dict):
            _refuse(part, is_root=part is root)
            times = 2 if _EVALUATED_TWICE & part.keys() else 1
            for inner in _same_value(root, part):
                node.same[number_of(inner)] += times
            _add_inner(node, part, number_of)
    return nodes, parts


def _own_cost(part: Schema) -> int:
    """Returns 1, plus one for every value that a keyword lists, such as those of enum and required."""
    if isinstance(part, bool):
        return 1
    lists = (part.get("enum"), part.get("required"), part.get("properties"))
    listed = sum(len(value) for value in lists if isinstance(value, list | dict))
    patterns = ("pattern" in part) + len(_values(part.get("patternProperties")))
    return 1 + listed + PATTERN_COST * patterns


def _refuse(part: Mapping[str, Any], *, is_root: bool) -> None:
    for keyword in _REFUSED:
        if keyword in part:
            raise SchemaError(f"{keyword} is not supported here: use $ref.")
    for keyword in ("$id", "id"):
        if isinstance(part.get(keyword), str) and not is_root:
            raise SchemaError(f"{keyword} inside a schema is not supported here: put the part under $defs.")


def _same_value(root: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[Schema]:
    """Yields the subschemas that apply to the same value as `part`."""
    if "$ref" in part:
        yield target_of(root, part["$ref"])
    for keyword in _SAME_VALUE:
        yield from _schemas([part.get(keyword)])
    for keyword in _SAME_VALUE_LISTS:
        yield from _schemas(part.get(keyword))
    for keyword in _SAME_VALUE_MAPS:
        yield from _schemas(_values(part.get(keyword)))


def _add_inner(node: _Node, part: Mapping[str, Any], number_of: Callable[[Schema], int]) -> None:
    properties = part.get("properties")
    if isinstance(properties, dict):
        node.named |= {name: number_of(inner) for name, inner in properties.items() if isinstance(inner, dict | bool)}
    items = part.get("items") if isinstance(part.get("items"), list) else part.get("prefixItems")
    node.named |= {place: number_of(inner) for place, inner in enumerate(_schemas(items))}
    node.others.update(number_of(inner) for inner in _schemas([part.get(keyword) for keyword in _OTHER_CHILD]))
    node.every.update(number_of(inner) for inner in _schemas(_values(part.get("patternProperties"))))
    node.every.update(number_of(inner) for inner in _schemas([part.get(keyword) for keyword in _ANY_CHILD]))


def _values(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else []


def _schemas(found: Any) -> Iterator[Schema]:
    if isinstance(found, list):
        yield from (part for part in found if isinstance(part, dict | bool))


# ---- counting --------------------------------------------------------------------------------------------


class _TooMuch(Exception):
    """More than MOST_EXPANDED subschemas apply to one value."""


class _Count:
    """Counts how often each subschema applies to one value, for all values that an answer may hold."""

    def __init__(self, nodes: Sequence[_Node]) -> None:
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
            raise SchemaError("The schema is too intricate: too many of its parts refer to each other.")

    def _is_recursive(self) -> bool:
        return len(_sorted([set(node.targets()) for node in self._nodes])) < len(self._nodes)


def _key(start: Counter[int]) -> frozenset[tuple[int, int]]:
    return frozenset(start.items())


def _ranks(nodes: Sequence[_Node]) -> list[int]:
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
