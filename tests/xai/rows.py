"""Result rows, recorded and reported (facts 2.7)."""

from __future__ import annotations

from typing import Any

COMPLETION: dict[str, Any] = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1786400933,
    "model": "grok-4.3",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Lima",
                "reasoning_content": "Peru's capital…",
                "refusal": None,
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 204,
        "completion_tokens": 1,
        "total_tokens": 287,
        "prompt_tokens_details": {"text_tokens": 204, "cached_tokens": 192},
        "completion_tokens_details": {"reasoning_tokens": 82},
        "num_sources_used": 0,
        "cost_in_usd_ticks": 2087200,
    },
    "system_fingerprint": "fp_1",
}


def answered(**changes: Any) -> dict[str, Any]:
    return with_result(response={"chat_get_completion": {**COMPLETION, **changes}})


def with_result(**result: Any) -> dict[str, Any]:
    return {"batch_request_id": "r1", "batch_result": result}


def turn(role: str, content: Any, finish_reason: str = "", **message: Any) -> dict[str, Any]:
    return {"message": {"role": role, "content": content, **message}, "finish_reason": finish_reason}
