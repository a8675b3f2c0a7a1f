"""What a run with tools reports beside its answer: sources, calls of the server's tools, and calls for the client.

Facts 2.7 and 6.5. Nothing here raises; what cannot be read counts as absent, and the caller keeps the raw JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from batchsite.xai.catalogue import DOCUMENTS
from batchsite.xai.types import Source
from batchsite.xai.wire_json import count, is_table, table, text

MOST_SOURCES = 300
LONGEST_URL, LONGEST_TITLE = 2_000, 300
CODE = "code_interpreter"
CALL_KINDS = ("web_search", "x_search", CODE, "file_search", DOCUMENTS, "mcp", "image_generation")
"""Kinds of calls that xAI counts, without the `_calls` behind them. Posts that were fetched are no calls."""
_KIND_OF = {
    "web_search_with_snippets": "web_search",
    "browse_page": "web_search",
    "open_page": "web_search",
    "x_keyword_search": "x_search",
    "x_semantic_search": "x_search",
    "x_user_search": "x_search",
    "x_thread_fetch": "x_search",
    "code_execution": CODE,
    "view_image": "web_search",
    "attachment_search": DOCUMENTS,
}
"""Names in the turns of a run that differ from the tool's."""


def is_web_address(url: str) -> bool:
    """Whether a link may lead there: http or https, a host, and nothing that a browser would trip over."""
    if not url.isprintable() or any(character.isspace() for character in url) or set(url) & set("<>\"'\\`"):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def sources_of(completion: Mapping[str, Any], annotations: Iterable[object]) -> tuple[Source, ...]:
    """Returns the sources of an answer, each address once: top-level citations first, titles from wherever they are.

    Whatever is cited is a text of a stranger; `is_web_address` says which ones may become links.
    """
    cited = completion.get("citations")
    found: dict[str, str] = {}
    for value in (*(cited if isinstance(cited, list) else ()), *annotations):
        url, title = _cited(value)
        if url and (url in found or len(found) < MOST_SOURCES):
            found[url] = found.get(url) or title
    return tuple(Source(url, title) for url, title in found.items())


def annotations_of(message: Mapping[str, Any]) -> list[object]:
    """Returns the annotations of a message: beside its content, and in the parts of it."""
    parts = message.get("content")
    holders = [message, *(parts if isinstance(parts, list) else ())]
    lists = [table(holder).get("annotations") for holder in holders]
    return [one for listed in lists if isinstance(listed, list) for one in listed]


def _cited(value: object) -> tuple[str, str]:
    """Returns (address, title) of a citation: a text, an object, or an object within an annotation."""
    if isinstance(value, str):
        return value.strip()[:LONGEST_URL], ""
    inner = table(table(value).get("url_citation")) or table(value)
    url, title = text(inner.get("url")).strip()[:LONGEST_URL], text(inner.get("title")).strip()[:LONGEST_TITLE]
    return url, "" if title == url or title.isdecimal() else title


# ---- calls -----------------------------------------------------------------------------------------


def calls_counted(completion: Mapping[str, Any]) -> dict[str, int] | None:
    """Returns {kind: calls} as xAI counts those that it bills. None if it does not count them."""
    usage = table(completion.get("usage"))
    for counted in (
        usage.get("server_side_tool_usage_details"),
        usage.get("server_side_tool_usage"),
        completion.get("server_side_tool_usage"),
    ):
        if is_table(counted):
            calls: Counter[str] = Counter()
            for name, number in counted.items():
                kind = kind_of(name)
                if kind in CALL_KINDS and count(number):
                    calls[kind] += count(number)
            return dict(calls)
    return None


def kind_of(name: str) -> str:
    """Returns the kind of a call by any of its names: a counter's, a turn's, or a constant's of the SDK."""
    plain = name.lower().removeprefix("server_side_tool_").removesuffix("_calls").removesuffix("_call")
    return _KIND_OF.get(plain, plain)


def calls_made(turns: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Returns {kind: calls} of the server's own calls among the turns of a run, where xAI counts none.

    They are attempts: xAI bills those that succeeded only, and cannot be asked.
    """
    calls: Counter[str] = Counter()
    for turn in turns:
        if turn.get("finish_reason") == "tool_calls":
            continue  # these are asked of the client
        for call in _calls_in(table(turn.get("message"))):
            kind = kind_of(text(table(call.get("function")).get("name")))
            calls[kind if kind in CALL_KINDS else "mcp"] += 1
    return dict(calls)


def asked_of_client(turn: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the functions that a turn asks the client to call, each as JSON with `name` and `arguments`."""
    if turn.get("finish_reason") != "tool_calls":
        return ()
    functions = [table(call.get("function")) for call in _calls_in(table(turn.get("message")))]
    return tuple(function_call(function.get("name"), function.get("arguments")) for function in functions)


def function_call(name: object, arguments: object) -> str:
    """Returns a call as JSON. Arguments that are no JSON stay a text."""
    try:
        arguments = orjson.loads(arguments) if isinstance(arguments, str) else arguments
        return orjson.dumps({"name": text(name), "arguments": arguments}).decode()
    except (orjson.JSONDecodeError, TypeError, RecursionError):
        return orjson.dumps({"name": text(name), "arguments": str(arguments)}).decode()


def _calls_in(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls")
    return [call for call in calls if is_table(call)] if isinstance(calls, list) else []
