"""Tools that run at xAI: which ones a request carries, and a simulated run with them (facts 6.5). Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from batchsite.sandbox.schema_answers import simulated_json

FEES = {"web_search": 50_000_000, "x_search": 50_000_000, "code_interpreter": 50_000_000, "mcp": 0}
"""Ticks of one call, by kind: $5 per 1,000 searches or runs of code; calls of MCP servers cost tokens only."""

KINDS = {**{kind: kind for kind in FEES}, "code_execution": "code_interpreter"}
"""{type of a tool in a request: its kind}."""

DOCUMENT, DOCUMENT_FEE = "document_search", 100_000_000
"""What xAI looks through attached documents with, unasked: $10 per 1,000 calls."""

TOKENS_PER_CALL = 300
"""Prompt tokens that the outcome of a call adds."""

MOST_DOMAINS, MOST_HANDLES = 5, 10
_DOMAINS = ("example.com", "example.org", "example.net")
_PAIRS = (("allowed_domains", "excluded_domains"), ("allowed_x_handles", "excluded_x_handles"))


class ToolRun(NamedTuple):
    """What a run called and found."""

    calls: list[str]
    """Kinds of the server's own calls, in order."""
    sources: list[list[str]]
    """[title, URL], each URL once."""
    function: list[str] | None = None
    """[name, arguments as JSON] of a function that the client is asked to call."""

    @property
    def ticks(self) -> int:
        return sum(FEES.get(kind, DOCUMENT_FEE) for kind in self.calls)


def tools_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    tools = body.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []


def make_run(body: dict[str, Any], message: str, number: int, documents: int = 0) -> ToolRun | None:
    """Returns the run for a body with tools, or with documents, each of which is looked through once or twice.

    None if it has neither. ``number`` is the digest of the body.
    """
    tools = tools_in(body)
    served = [tool for tool in tools if tool.get("type") in KINDS]
    functions = [_function(tool) for tool in tools if tool.get("type") == "function"]
    if not served and not functions and not documents:
        return None
    searched = [DOCUMENT] * documents * (1 + number % 2)
    called = [served[(number + place) % len(served)] for place in range(1 + number % 3)] if served else []
    sources: dict[str, str] = {}
    for place, tool in enumerate(called):
        sources |= _found(tool, message, number + place)
    function = functions[number % len(functions)] if functions else None
    asked = None if function is None else [function[0], simulated_json(function[1], message, number).decode()]
    calls = searched + [KINDS[tool["type"]] for tool in called]
    return ToolRun(calls, [[title, url] for url, title in sources.items()], asked)


def _function(tool: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Chat completions nest a function, responses do not."""
    inner = tool["function"] if isinstance(tool.get("function"), dict) else tool
    schema = inner.get("parameters")
    return str(inner.get("name", "")), schema if isinstance(schema, dict) else {}


def _found(tool: dict[str, Any], message: str, number: int) -> dict[str, str]:
    """Returns {URL: title} of two sources within the filters of a search. Code finds none."""
    words = " ".join(message.split()[:5]) or "nothing"
    match tool["type"]:
        case "web_search":
            domains = _allowed(filters_of(tool), "domains", _DOMAINS)
            hosts = [domains[(number + place) % len(domains)] for place in range(2)] if domains else []
            return {f"https://{host}/{number % 97 + place}": f"{words}, {host}" for place, host in enumerate(hosts)}
        case "x_search":
            handles = _allowed(tool, "x_handles", ("somebody", "example"))
            return {f"https://x.com/{handle}/status/{number % 10**9}": f"@{handle} on X" for handle in handles[:2]}
        case "mcp":
            label = tool.get("server_label") or "server"
            return {f"https://example.com/{label}/{number % 97}": f"{label}: {words}"}
    return {}


def filters_of(tool: dict[str, Any]) -> dict[str, Any]:
    """Returns the members of a web search that may stand in ``filters``, wherever they stand."""
    nested = tool.get("filters")
    return {**tool, **nested} if isinstance(nested, dict) else tool


def _allowed(tool: dict[str, Any], name: str, usual: tuple[str, ...]) -> list[str]:
    excluded = tool.get(f"excluded_{name}") or ()
    return [one for one in tool.get(f"allowed_{name}") or usual if one not in excluded]


def _server_problem(tool: dict[str, Any]) -> str | None:
    """The sandbox connects to no server. One with ``/private/`` in its URL asks for a token, as it were."""
    url = tool.get("server_url")
    if not (tool.get("server_label") and isinstance(url, str) and url.startswith("https://")):
        return "An mcp tool needs a server_label, and a server_url that begins with https://."
    if "/private/" in url and not tool.get("authorization"):
        return f"Failed to connect to the MCP server {tool['server_label']}: 401 Unauthorized"
    return None


def tool_problem(kind: str, body: dict[str, Any]) -> str | None:
    """Returns the model's error about the tools of a request. None if they are accepted."""
    for tool in tools_in(body):
        if tool.get("type") in KINDS and kind == "chat_get_completion":
            return f"Tool {tool['type']} is only available on the Responses API."
        if tool.get("type") not in {*KINDS, "function"}:
            return f"Unknown tool type: {tool.get('type')}"
        if tool["type"] == "mcp" and (problem := _server_problem(tool)):
            return problem
        found = filters_of(tool)
        for allowed, excluded in _PAIRS:
            most = MOST_DOMAINS if "domains" in allowed else MOST_HANDLES
            if found.get(allowed) and found.get(excluded):
                return f"{allowed} and {excluded} cannot be set together."
            if max(len(found.get(allowed) or ()), len(found.get(excluded) or ())) > most:
                return f"At most {most} entries are allowed in {allowed} and {excluded}."
    return None
