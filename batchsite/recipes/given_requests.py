"""Datasets whose rows are complete requests, as in batch files: they run as they are, without a prompt. Pure.

The table has the columns custom_id, method, url and body (facts 3); a body is the JSON text of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from batchsite.recipes.answer_shape import depth_of
from batchsite.recipes.json_bytes import json_bytes
from batchsite.recipes.parameters import MAX_TOKENS, NAMES, NEVER, check_params, is_reasoning
from batchsite.recipes.prompt_template import Template
from batchsite.recipes.recipe import Recipe
from batchsite.xai.bodies import CHAT, RESPONSES, Kind, Message, given_item

DEEPEST_BODY = 100
"""Levels of brackets in a body."""
ID_COLUMN = "custom_id"
_KINDS: dict[str, Kind] = {"/v1/chat/completions": CHAT, "/v1/responses": RESPONSES}
_CAPS = {CHAT: (MAX_TOKENS.name, "max_tokens"), RESPONSES: ("max_output_tokens",)}
"""Names of the cap on output tokens by kind of request; the first one is sent."""
_TURNS = {CHAT: "messages", RESPONSES: "input"}


@dataclass(frozen=True)
class Given(Recipe):
    """A recipe for rows that are requests themselves."""

    url_column: int = 2
    body_column: int = 3
    why_not: Callable[[str], str] = str
    """Returns why a model cannot be used, as a sentence. Empty if it can."""

    servers: frozenset[str] = frozenset()
    """Addresses of the remote MCP servers that a request may name."""
    is_live: bool = False
    """Rows are asked one by one: only chat completions can be deferred (facts 5)."""
    output_cap: int | None = None
    """Takes the place of each body's own cap on output tokens."""

    def capped(self, output_cap: int) -> Self:
        return replace(self, output_cap=output_cap)

    def request(self, number: int, cells: Sequence[str]) -> dict[str, Any]:
        kind, body = _KINDS[cells[self.url_column]], self._body(cells)
        if self.output_cap is not None:
            names = _CAPS[kind]
            body = {name: value for name, value in body.items() if name not in names} | {names[0]: self.output_cap}
        return given_item(self.request_id(number, cells), kind=kind, body=body)

    @property
    def pieces(self) -> None:
        """None: the requests have nothing in common."""

    def likeness(self, cells: Sequence[str]) -> bytes:
        text = f"{cells[self.url_column]} {cells[self.body_column]}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def length(self, cells: Sequence[str]) -> int:
        return len(cells[self.body_column])

    def messages(self, cells: Sequence[str]) -> list[Message]:
        kind, body = _KINDS.get(cells[self.url_column], CHAT), self._body(cells)
        turns = body.get(_TURNS[kind])
        turns = [{"role": "user", "content": turns}] if isinstance(turns, str) else turns
        return [
            Message(str(turn.get("role", "user")), _as_text(turn.get("content", "")))
            for turn in (turns if isinstance(turns, list) else [])
            if isinstance(turn, dict)
        ]

    def fault(self, cells: Sequence[str]) -> str:
        kind = _KINDS.get(cells[self.url_column])
        if kind is None:
            return (
                f"Requests for {cells[self.url_column][:80]} are not run here: only those for {' and '.join(_KINDS)}."
            )
        if self.is_live and kind != CHAT:
            return "It is a request for /v1/responses, which cannot run live: only chat completions can."
        body = self._body(cells)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            return "The body is not a JSON object that names a model."
        if not body.get(_TURNS[kind]) or not isinstance(body[_TURNS[kind]], str | list):
            return f"The body has no {_TURNS[kind]}."
        if depth_of(body) > DEEPEST_BODY:
            return f"The body has more than {DEEPEST_BODY} levels."
        for address in _servers_in(body):
            if address not in self.servers:
                return f"The MCP server {address[:200]} is not approved. An admin can do that on the Team page."
        names = NAMES if not is_reasoning(model) else (*NAMES, *NEVER)
        wrong = check_params(model, {name: body[name] for name in names if name in body})
        return self.why_not(model) or next((f"{name}: {words}" for name, words in wrong.items()), "")

    def _body(self, cells: Sequence[str]) -> dict[str, Any]:
        """Returns the body of a row. {} if it is not a JSON object."""
        try:
            body = orjson.loads(cells[self.body_column])
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


def _servers_in(body: Mapping[str, Any]) -> list[str]:
    """The addresses of remote MCP servers that a body names."""
    tools = body.get("tools")
    some = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return [str(tool.get("server_url", "")) for tool in some if tool.get("type") == "mcp" or "server_url" in tool]


def _as_text(content: object) -> str:
    return content if isinstance(content, str) else json_bytes(content).decode()


def given_recipe(
    columns: Sequence[str],
    model: str,
    kind: Kind,
    why_not: Callable[[str], str],
    *,
    servers: frozenset[str] = frozenset(),
    is_live: bool = False,
) -> Given:
    """Returns the recipe for a table with these columns. Raises ValueError if one is missing."""
    place: Mapping[str, int] = {name: columns.index(name) for name in (ID_COLUMN, "url", "body")}
    return Given(
        id_prefix="",
        id_column=place[ID_COLUMN],
        system=None,
        prompt=Template((place["body"],)),
        model=model,
        params={},
        kind=kind,
        url_column=place["url"],
        body_column=place["body"],
        why_not=why_not,
        servers=servers,
        is_live=is_live,
    )
