"""A JSON value that fits a JSON schema. Deterministic, and free text says that it is simulated.

Of the allowed values it takes the one that shares most words with the message, so that an accuracy measured against
the sandbox depends on the data.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

MAX_DEPTH = 6
"""Below this depth only required members are made, below twice this depth none, so that recursion ends."""

_WORD = re.compile(r"[^\W_]+")
MARKUP = re.compile(r"^[ \t]*</?[\w-]+>[ \t]*$", re.MULTILINE)
"""A line such as `<text>`: it says where a text begins or ends, and is not part of it."""

_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "simulated@example.com",
    "uri": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def simulated_json(schema: dict[str, Any], message: str, salt: int) -> bytes:
    """Returns JSON for ``schema``, or for an invalid schema an object that says so."""
    try:
        return orjson.dumps(SchemaAnswer(schema, message, salt).value(schema))
    except (TypeError, ValueError, AttributeError, KeyError):
        return orjson.dumps({"error": "Simulated answer: the sandbox cannot follow this schema."})


def choose(options: Sequence[Any], message: str, salt: int) -> Any:
    """Returns the option that shares most words with ``message``. The salt breaks ties."""
    index = _positions(tuple(map(str, options)))
    shared: Counter[int] = Counter()
    for word in set(_words(message)):
        shared.update(index.get(word, ()))
    best = max(shared.values(), default=0)
    tied = [position for position, count in shared.items() if count == best] or range(len(options))
    return options[sorted(tied)[salt % len(tied)]]


@lru_cache(maxsize=200)
def _positions(options: tuple[str, ...]) -> dict[str, list[int]]:
    """Returns word -> options that contain it. Cached, because every row of a batch uses the same enum."""
    index: dict[str, list[int]] = {}
    for position, option in enumerate(options):
        for word in set(_words(option)):
            index.setdefault(word, []).append(position)
    return index


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _hash(salt: int, text: str) -> int:
    return int.from_bytes(blake2b(f"{salt}:{text}".encode(), digest_size=8).digest())


@dataclass(frozen=True)
class SchemaAnswer:
    """Makes values for one request. ``root`` resolves $ref; ``salt`` varies the numbers."""

    root: dict[str, Any]
    message: str
    salt: int

    def value(self, schema: Any, path: str = "", depth: int = 0) -> Any:
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return choose(schema["enum"], self.message, self.salt)
        match _type(schema):
            case "object":
                return self._object(schema, path, depth)
            case "array":
                return self._array(schema, path, depth)
            case "integer" | "number" as kind:
                return self._number(schema, path, whole=kind == "integer")
            case "boolean":
                return _hash(self.salt, path) % 2 == 0
            case "null":
                return None
            case _:
                return self._text(schema, path)

    def _resolved(self, schema: Any, depth: int) -> dict[str, Any]:
        """Returns the schema without $ref, allOf, anyOf and oneOf. At most 50 steps, in case they are circular."""
        current = self._followed(schema)
        for _ in range(50):
            if parts := current.get("allOf"):
                current = _merged([self._followed(part) for part in parts], current)
            elif options := current.get("anyOf") or current.get("oneOf"):
                current = _without(current, "anyOf", "oneOf") | self._branch(options, depth)
            else:
                return current
            current = self._followed(current)
        return {}

    def _followed(self, schema: Any) -> dict[str, Any]:
        for _ in range(50):
            if not isinstance(schema, dict):
                break
            if "$ref" not in schema:
                return schema
            schema = _pointed(self.root, str(schema["$ref"])) | _without(schema, "$ref")
        return {}

    def _branch(self, options: list[Any], depth: int) -> dict[str, Any]:
        """Returns the first branch that is not null; below MAX_DEPTH the null one, so that recursion ends."""
        followed = [self._followed(option) for option in options]
        nulls = [option for option in followed if _type(option) == "null"]
        others = [option for option in followed if _type(option) != "null"]
        return nulls[0] if nulls and (depth >= MAX_DEPTH or not others) else others[0]

    def _object(self, schema: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        names = [name for name in properties if depth < MAX_DEPTH or name in required]
        names += [name for name in required if name not in properties]
        if depth > 2 * MAX_DEPTH:
            names = []
        return {name: self.value(properties.get(name), f"{path}.{name}", depth + 1) for name in names}

    def _array(self, schema: dict[str, Any], path: str, depth: int) -> list[Any]:
        first = schema.get("prefixItems") or []
        least = max(schema.get("minItems", 0), len(first))
        wanted = least if depth >= MAX_DEPTH else max(least, 1 + _hash(self.salt, path) % 2)
        count = min(wanted, schema.get("maxItems", wanted))
        shapes = [*first, *[schema.get("items")] * count][:count]
        if schema.get("uniqueItems"):
            return self._unique(shapes, path, depth)
        return [self.value(shape, f"{path}[{index}]", depth + 1) for index, shape in enumerate(shapes)]

    def _unique(self, shapes: list[Any], path: str, depth: int) -> list[Any]:
        """Returns distinct items. Enum values already used are not chosen again."""
        items: list[Any] = []
        for index, shape in enumerate(shapes):
            resolved = self._resolved(shape, depth)
            if resolved.get("enum"):
                left = [option for option in resolved["enum"] if option not in items]
                resolved = resolved | {"enum": left} if left else resolved
            item = self.value(resolved, f"{path}[{index}]", depth + 1)
            if item not in items:
                items.append(item)
        return items

    def _number(self, schema: dict[str, Any], path: str, *, whole: bool) -> int | float:
        """Returns a number within the bounds, a multiple of multipleOf (default 1 for integers, else 0.01)."""
        step = schema.get("multipleOf") or (1 if whole else 0.01)
        low, high = _bounds(schema, step)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last < first:
            return low
        number = (first + _hash(self.salt, path) % (last - first + 1)) * step
        return round(number) if whole else min(max(round(number, 10), low), high)

    def _text(self, schema: dict[str, Any], path: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        words = MARKUP.sub("", self.message[:200]).split()
        text = " ".join(["Simulated answer:", *words[: 3 + _hash(self.salt, path) % 6]])
        text = text.ljust(schema.get("minLength", 0), ".")
        return text[: schema.get("maxLength", len(text))]


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if kind is None:
        if "properties" in schema or "required" in schema:
            return "object"
        if "items" in schema or "prefixItems" in schema:
            return "array"
    return str(kind or "string")


def _bounds(schema: dict[str, Any], step: float) -> tuple[float, float]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        low = above + step if low is None else max(low, above + step)
    if (below := schema.get("exclusiveMaximum")) is not None:
        high = below - step if high is None else min(high, below - step)
    if low is None:
        low = 0 if high is None or high >= 0 else high - 100 * step
    return low, low + 100 * step if high is None else high


def _without(schema: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in names}


def _merged(parts: list[dict[str, Any]], schema: dict[str, Any]) -> dict[str, Any]:
    merged = _without(schema, "allOf")
    for part in parts:
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", []), *part.get("required", [])]
        merged = part | merged | ({"properties": properties} if properties else {})
        merged |= {"required": required} if required else {}
    return merged


def _pointed(root: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Returns the target of a local reference such as ``#/$defs/Address``, {} if it does not exist."""
    target: Any = root
    for part in pointer.removeprefix("#").strip("/").split("/"):
        if part:
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
    return target if isinstance(target, dict) else {}
