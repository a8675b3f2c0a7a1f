"""The turns of a run with tools as xAI sends them: as choices of a completion, or as the output of a response."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import orjson

from batchsite.sandbox.tool_runs import ToolRun

_NAMES = {
    "web_search": "web_search",
    "x_search": "x_keyword_search",
    "code_interpreter": "code_execution",
    "mcp": "mcp.lookup",
    "document_search": "attachment_search",
}
"""What a call is named in a turn: not after the tool of the request."""

_ITEMS = {"web_search": "web_search_call", "code_interpreter": "code_interpreter_call", "mcp": "mcp_call"}
_COUNTED = ("web_search", "x_search", "code_interpreter", "file_search", "mcp", "document_search")

ODD_RUNS = ("no_text", "calls_only", "text_first", "no_citations", "odd_citations", "no_details")
ODD_CITATIONS: list[Any] = [
    "javascript:alert(1)",
    "https://example.com/<script>alert(1)</script>",
    {"url": "https://example.com/object", "title": '"><img src=x onerror=alert(1)>'},
    {"title": "without an address"},
    None,
    7,
    "https://example.com/object",
    "https:// example.com/blank",
    "data:text/html,hello",
]


def turns(run: ToolRun, final: dict[str, Any], finish_reason: str) -> list[dict[str, Any]]:
    """Returns the choices: calls and their outcomes turn by turn, the answer last (facts 2.7)."""
    messages: list[dict[str, Any]] = []
    for number, kind in enumerate(run.calls, 1):
        call = _call(f"call_{number}", _NAMES[kind], '{"query":"…"}')
        messages.append({"role": "assistant", "content": "", "tool_calls": [call], "refusal": None})
        outcome = {"role": "tool", "content": "Simulated outcome of the call.", "tool_call_id": f"call_{number}"}
        messages.append(outcome)
    ends = ["" for _ in messages]
    if run.function:
        call = _call("call_client", *run.function)
        return _choices([*messages, final | {"content": "", "tool_calls": [call]}], [*ends, "tool_calls"])
    return _choices([*messages, final | {"annotations": url_annotations(run)}], [*ends, finish_reason])


def _choices(messages: list[dict[str, Any]], ends: list[str]) -> list[dict[str, Any]]:
    return [
        {"index": index, "message": message, "finish_reason": end}
        for index, (message, end) in enumerate(zip(messages, ends, strict=True))
    ]


def _call(key: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}


def url_annotations(run: ToolRun) -> list[dict[str, Any]]:
    """Titles are real ones, numbers, or the URL once more, in turn."""
    titles = [(title, str(place), url)[place % 3] for place, (title, url) in enumerate(run.sources)]
    return [
        {"type": "url_citation", "url": url, "title": title, "start_index": 0, "end_index": 0}
        for title, (_, url) in zip(titles, run.sources, strict=True)
    ]


def citations(run: ToolRun) -> list[str]:
    return [url for _, url in run.sources]


def tool_usage(run: ToolRun) -> dict[str, Any]:
    """Returns the members of ``usage`` that only runs with tools have."""
    counts = Counter(run.calls)
    return {
        "num_sources_used": len(run.sources),
        "num_server_side_tools_used": len(run.calls),
        "server_side_tool_usage_details": {f"{kind}_calls": counts[kind] for kind in _COUNTED},
    }


def output_items(run: ToolRun, text: str) -> list[dict[str, Any]]:
    """Returns the ``output`` of /v1/responses after the reasoning."""
    items = [
        {
            "type": _ITEMS.get(kind, "custom_tool_call"),
            "id": f"call_{number}",
            "status": "completed",
            "name": _NAMES[kind],
        }
        for number, kind in enumerate(run.calls, 1)
    ]
    if run.function:
        name, arguments = run.function
        return [*items, {"type": "function_call", "call_id": "call_client", "name": name, "arguments": arguments}]
    return [*items, message_item(text, url_annotations(run))]


def message_item(text: str, cited: list[dict[str, Any]]) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": cited, "logprobs": None}]
    return {"type": "message", "role": "assistant", "status": "completed", "content": content}


# ---- odd runs ------------------------------------------------------------------------------------


def bent(completion: dict[str, Any], form: str) -> dict[str, Any]:
    """Returns a completion of a run with tools in one of ``ODD_RUNS``. Others stay as they are."""
    shape = copy.deepcopy(completion)
    if "citations" not in shape:
        return shape
    choices = shape["choices"]
    match form:
        case "no_text":
            choices[-1]["message"]["content"] = None
        case "calls_only":
            shape["choices"] = [choice for choice in choices if choice["message"].get("tool_calls")]
        case "text_first":
            choices[0]["message"]["content"] = "Let me look that up."
        case "no_citations":
            del shape["citations"]
            choices[-1]["message"].pop("annotations", None)
            shape["usage"]["num_sources_used"] = 0
        case "odd_citations":
            shape["citations"] = ODD_CITATIONS
            choices[-1]["message"]["annotations"] = {"not": "a list"}
        case "no_details":
            for name in ("num_server_side_tools_used", "server_side_tool_usage_details"):
                del shape["usage"][name]
    return shape


def items_bent(items: list[dict[str, Any]], form: str) -> list[dict[str, Any]]:
    """Returns the output of /v1/responses, bent in the same way where that can be."""
    if form in ("no_text", "calls_only"):
        return [item for item in items if item["type"] != "message"]
    if form == "text_first":
        return [message_item("Let me look that up.", []), *items]
    cited = {"no_citations": [], "odd_citations": ODD_CITATIONS}
    if form in cited and items[-1]["type"] == "message":
        return [*items[:-1], message_item(items[-1]["content"][0]["text"], cited[form])]
    return items


def row_bent(row: Any, form: str) -> Any:
    """Returns a row of /results with its completion bent."""
    shape = orjson.loads(orjson.dumps(row))
    response = shape["batch_result"]["response"]
    response["chat_get_completion"] = bent(response["chat_get_completion"], form)
    return shape
