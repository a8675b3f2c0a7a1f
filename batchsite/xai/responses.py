"""A reply of /v1/responses as a completion: batches convert it at xAI, calls in real time do not (facts 2.5, 6.5)."""

from __future__ import annotations

from typing import Any

from batchsite.xai.tool_turns import kind_of
from batchsite.xai.wire_json import count, is_table, table, text

_CUT = {"max_output_tokens": "length", "content_filter": "content_filter"}
_KEPT = ("id", "model", "citations", "server_side_tool_usage")


def is_response(reply: dict[str, Any]) -> bool:
    return "choices" not in reply and isinstance(reply.get("output"), list)


def as_completion(reply: dict[str, Any]) -> dict[str, Any]:
    """Returns the same as a chat completion, turn by turn, as a batch would."""
    items = [item for item in reply["output"] if is_table(item)]
    reason = text(table(reply.get("incomplete_details")).get("reason"))
    status = text(reply.get("status", "completed"))
    end = _CUT.get(reason, reason) or {"completed": "stop"}.get(status, status)
    turns = [turn for item in items if (turn := _turn(item, end))]
    if not turns or (end != "stop" and not any(item.get("type") == "message" for item in items)):
        turns.append({"message": {"role": "assistant", "content": None}, "finish_reason": end})  # it ended before that
    thoughts = [text(table(part).get("text")) for item in items for part in _thoughts(item)]
    if any(thoughts):
        turns[-1]["message"]["reasoning_content"] = "\n\n".join(filter(None, thoughts))
    kept = {name: reply[name] for name in _KEPT if name in reply}
    return {**kept, "object": "chat.completion", "choices": turns, "usage": _usage(reply.get("usage"))}


def _turn(item: dict[str, Any], end: str) -> dict[str, Any] | None:
    """Returns an item of the output as a choice. None for what is no turn, such as reasoning."""
    kind = text(item.get("type"))
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if kind == "message":
        parts = item.get("content")
        refusals = [text(table(part).get("refusal")) for part in parts] if isinstance(parts, list) else []
        message |= {"content": parts, "refusal": "".join(refusals) or None}
        cut = item.get("status") == "incomplete" and end == "stop"
        return {"message": message, "finish_reason": "length" if cut else end}
    if kind == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        return {"message": message | {"tool_calls": [{"function": function}]}, "finish_reason": "tool_calls"}
    if not kind.endswith("_call"):
        return None
    name = kind_of(text(item.get("name")) or kind)
    call = {"function": {"name": name if kind == "custom_tool_call" else kind_of(kind)}}
    return {"message": message | {"tool_calls": [call]}, "finish_reason": ""}


def _thoughts(item: dict[str, Any]) -> list[object]:
    summary = item.get("summary") if item.get("type") == "reasoning" else None
    return summary if isinstance(summary, list) else []


def _usage(value: object) -> dict[str, Any] | None:
    """Returns the usage in the words of completions, whose completion tokens are without reasoning (facts 2.13)."""
    if not is_table(value):
        return None
    reasoning = count(table(value.get("output_tokens_details")).get("reasoning_tokens"))
    return value | {
        "prompt_tokens": count(value.get("input_tokens")),
        "completion_tokens": max(0, count(value.get("output_tokens")) - reasoning),
        "prompt_tokens_details": {"cached_tokens": table(value.get("input_tokens_details")).get("cached_tokens")},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
