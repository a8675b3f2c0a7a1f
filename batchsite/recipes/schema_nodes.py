"""The subschemas of a JSON Schema as the nodes of a graph: one for each that is written down. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Schema = Mapping[str, Any] | bool
MOST_PARTS = 5_000
"""Subschemas that a schema may have."""
PATTERN_COST = 20
"""A pattern costs as much as this many other keywords."""
_SAME_VALUE = ("not", "if", "then", "else")
SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
_SAME_VALUE_MAPS = ("dependentSchemas", "dependencies")
_ANY_CHILD = ("propertyNames", "contains", "unevaluatedProperties", "unevaluatedItems")
_OTHER_CHILD = ("additionalProperties", "additionalItems", "items")
_EVALUATED_TWICE = frozenset({"unevaluatedProperties", "unevaluatedItems"})
_REFUSED = ("$dynamicRef", "$recursiveRef")


class SchemaError(ValueError):
    """The schema cannot be used. The message says why."""


@dataclass
class SchemaNode:
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


def nodes_of(root: Mapping[str, Any]) -> tuple[list[SchemaNode], list[Schema]]:
    """Returns (a node for every subschema that can be reached, the subschemas themselves), the root first."""
    parts: list[Schema] = [root]
    numbers = {id(root): 0}
    nodes: list[SchemaNode] = []

    def number_of(part: Schema) -> int:
        if isinstance(part, bool) or id(part) not in numbers:
            if len(parts) == MOST_PARTS:
                raise SchemaError(f"The schema has more than {MOST_PARTS:,} parts.")
            numbers[id(part)] = len(parts)
            parts.append(part)
        return numbers[id(part)]

    for part in parts:  # `parts` grows meanwhile
        node = SchemaNode(_own_cost(part))
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
        yield from schemas_in([part.get(keyword)])
    for keyword in SAME_VALUE_LISTS:
        yield from schemas_in(part.get(keyword))
    for keyword in _SAME_VALUE_MAPS:
        yield from schemas_in(_values(part.get(keyword)))


def _add_inner(node: SchemaNode, part: Mapping[str, Any], number_of: Callable[[Schema], int]) -> None:
    properties = part.get("properties")
    if isinstance(properties, dict):
        node.named |= {name: number_of(inner) for name, inner in properties.items() if isinstance(inner, dict | bool)}
    items = part.get("items") if isinstance(part.get("items"), list) else part.get("prefixItems")
    node.named |= {place: number_of(inner) for place, inner in enumerate(schemas_in(items))}
    node.others.update(number_of(inner) for inner in schemas_in([part.get(keyword) for keyword in _OTHER_CHILD]))
    node.every.update(number_of(inner) for inner in schemas_in(_values(part.get("patternProperties"))))
    node.every.update(number_of(inner) for inner in schemas_in([part.get(keyword) for keyword in _ANY_CHILD]))


def _values(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else []


def schemas_in(found: Any) -> Iterator[Schema]:
    if isinstance(found, list):
        yield from (part for part in found if isinstance(part, dict | bool))
