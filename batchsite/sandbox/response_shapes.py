"""The shape of a reply of /v1/responses, which batches never send (facts 2.5, 6.5)."""

from __future__ import annotations

from typing import Any

from batchsite.sandbox.model_run import Run, completion_id
from batchsite.sandbox.tool_shapes import message_item, output_items, tool_usage


def response(done: Run, salt: str, created: int) -> dict[str, Any]:
    """Returns the response of a run. Unlike in a completion, its output tokens include the reasoning."""
    answer, usage, cut = done.answer, done.answer.usage, done.answer.finish_reason == "length"
    text = answer.choices[0]
    thought: list[dict[str, Any]] = []
    if answer.reasoning is not None:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        thought.append({"type": "reasoning", "id": "rs_1", "status": "completed", "summary": summary})
    return {
        "id": completion_id(salt),
        "object": "response",
        "created_at": created,
        "model": done.model.id,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "output": thought + (output_items(done.tools, text) if done.tools else [message_item(text, [])]),
        "store": False,
        "usage": {
            "input_tokens": usage.prompt,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.completion + usage.reasoning,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.prompt + usage.completion + usage.reasoning,
            "num_sources_used": 0,
            "cost_in_usd_ticks": done.ticks,
            **({**tool_usage(done.tools), "num_sources_used": 0} if done.tools else {}),
        },
    }
