"""The shapes of xAI's replies (facts 1.2, 2.1-2.9, 3, 7) as plain dicts, without any logic."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NoReturn

from batchsite.sandbox.batch_clock import Batch, Counters
from batchsite.sandbox.exchange import Refused, Reply, json_reply, text_reply
from batchsite.sandbox.price_list import CREATED, Model
from batchsite.sandbox.simulated_answers import Answer
from batchsite.sandbox.stored_batches import Odd
from batchsite.sandbox.tool_runs import ToolRun
from batchsite.sandbox.tool_shapes import citations, tool_usage, turns

ENDPOINT = "xai_api.Chat/GetCompletion"
"""Also for rows submitted as ``responses`` (facts 2.6)."""

CANCELLED = "Batch cancelled"
NOT_VISIBLE = "Batch request result is not yet visible in ClickHouse, please retry later"

_CODES = {
    400: ("invalid-argument", "Client specified an invalid argument", "400"),
    401: ("The request does not have valid authentication credentials",),
    403: (
        "permission-denied",
        "permission_denied",
        "The caller does not have permission to execute the specified operation",
    ),
    404: ("Some requested entity was not found", "not-found"),
    412: ("failed-precondition", "The system is not in a state required for the operation's execution"),
    429: ("Some resource has been exhausted",),
}
_next_code = itertools.count()


def flat_error(status: int, message: str) -> Reply:
    """Returns the flat JSON error. ``code`` alternates between its known values, as at xAI (facts 1.2)."""
    codes = _CODES.get(status, ("internal",))
    return json_reply({"code": codes[next(_next_code) % len(codes)], "error": message}, status)


def refuse(status: int, message: str) -> NoReturn:
    raise Refused(flat_error(status, message))


def unprocessable(problem: str, column: int) -> NoReturn:
    """Raises Refused with the text/plain 422 for a body that does not fit the schema (facts 1.3)."""
    text = f"Failed to deserialize the JSON body into the target type: {problem} at line 1 column {column}"
    raise Refused(text_reply(422, text))


def day(microseconds: int) -> str:
    """Returns the date of REST replies, a day without a time (facts 2.2)."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%d")


def batch_object(batch: Batch, counters: Counters | None, *, killed: bool) -> dict[str, Any]:
    """Without ``counters`` there is no ``state``. ``killed`` shows that xAI cancelled the batch."""
    cancelled = batch.cancelled_us if killed or batch.cancel_message is None else None
    shape: dict[str, Any] = {
        "batch_id": batch.batch_id,
        "name": batch.name,
        "create_time": day(batch.created_us),
        "expire_time": day(batch.expires_us),
        "create_api_key_id": batch.key_id,
        "cancel_time": None if cancelled is None else day(cancelled),
        "cancel_by_xai_message": batch.cancel_message if killed else None,
    }
    if counters is not None:
        shape["state"] = asdict(counters)
    if batch.input_file_id is not None:
        shape["input_file_id"] = batch.input_file_id
    return shape


def request_metadata(key: str, model: str, state: str, created_us: int, finished_us: int | None) -> dict[str, Any]:
    return {
        "batch_request_id": key,
        "endpoint": ENDPOINT,
        "model": model,
        "state": state,
        "create_time": day(created_us),
        "finish_time": None if finished_us is None else day(finished_us),
    }


def success_row(key: str, completion: dict[str, Any]) -> dict[str, Any]:
    """Rows sent as ``responses`` also come back as ``chat_get_completion`` (facts 2.5)."""
    return {"batch_request_id": key, "batch_result": {"response": {"chat_get_completion": completion}}}


def error_row(key: str, odd: Odd) -> dict[str, Any]:
    """Returns a failed row in an envelope a-f of facts 2.7. The page handles e; f has no error."""
    row: dict[str, Any] = {"batch_request_id": key}
    match odd.envelope:
        case "b":
            row["batch_result"] = {"error": {"code": odd.code, "message": odd.text}}
        case "c":
            row["error_message"] = odd.text
        case "d":
            row["error"] = {"message": odd.text}
        case "d-text":
            row["error"] = odd.text
        case "f":
            row["batch_result"] = {}
        case "f-unknown":
            row["batch_result"] = {"response": "unknown"}
        case _:
            row["batch_result"] = {"error": odd.text}
    return row


def completion(
    key: str, model: Model, answer: Answer, ticks: int, created: int, tools: ToolRun | None = None
) -> dict[str, Any]:
    """Returns a chat.completion. ``key`` is its id, ``created`` is in epoch seconds (facts 2.7)."""
    shape = {
        "id": key,
        "object": "chat.completion",
        "created": created,
        "model": model.id,
        "choices": _run(answer, tools) if tools else _choices(answer),
        "usage": _usage(answer, ticks, tools),
        "system_fingerprint": f"fp_sandbox_{model.id}",
        "service_tier": "default",
    }
    if tools:
        shape["citations"] = citations(tools)
    return shape


def _choices(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"index": index, "message": _message(text, answer.reasoning), "finish_reason": answer.finish_reason}
        for index, text in enumerate(answer.choices)
    ]


def _message(text: str, reasoning: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    message["refusal"] = None
    return message


def _run(answer: Answer, tools: ToolRun) -> list[dict[str, Any]]:
    return turns(tools, _message(answer.choices[0], answer.reasoning), answer.finish_reason)


def _usage(answer: Answer, ticks: int, tools: ToolRun | None) -> dict[str, Any]:
    usage = answer.usage
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion + usage.reasoning,
        "prompt_tokens_details": {
            "text_tokens": usage.prompt - usage.image,
            "audio_tokens": 0,
            "image_tokens": usage.image,
            "cached_tokens": usage.cached,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0,
        "cost_in_usd_ticks": ticks,
        **(tool_usage(tools) if tools else {}),
    }


def file_object(file_id: str, filename: str, size: int, created_us: int, expires_us: int | None) -> dict[str, Any]:
    """``purpose`` is always empty, whatever was sent (facts 3)."""
    return {
        "id": file_id,
        "object": "file",
        "bytes": size,
        "created_at": created_us // 1_000_000,
        "expires_at": None if expires_us is None else expires_us // 1_000_000,
        "filename": filename,
        "purpose": "",
    }


def model_object(model: Model) -> dict[str, Any]:
    return {"id": model.id, "created": CREATED, "object": "model", "owned_by": "xai"}


def language_model(model: Model) -> dict[str, Any]:
    """List prices in ticks per token. Nothing says whether batches accept the model (facts 7.2)."""
    return {
        **model_object(model),
        "fingerprint": f"fp_sandbox_{model.id}",
        "version": "1.0",
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "aliases": list(model.aliases),
        "prompt_text_token_price": model.input_price,
        "cached_prompt_text_token_price": model.cached_price,
        "prompt_image_token_price": 0,
        "completion_text_token_price": model.output_price,
        "search_price": 250_000_000,
        "context_length": model.context,
    }
