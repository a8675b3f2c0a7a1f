"""From a raw result row, in any envelope that was seen or reported, to a ResultRow (facts 2.7).

Nothing here raises: a row that cannot be understood becomes a failed row, and the caller keeps its raw JSON.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import orjson

from batchsite.xai.responses import as_completion, is_response
from batchsite.xai.tool_turns import annotations_of, asked_of_client, calls_counted, calls_made, sources_of
from batchsite.xai.types import Outcome, ResultRow, Usage
from batchsite.xai.wire_json import count, is_table, number, table, text

NOT_YET_VISIBLE = re.compile(r"not yet visible", re.I)
CANCELLED = re.compile(r"\s*(batch\b.{0,40}\b)?cancell?ed\b", re.I | re.S)
GRPC_CANCELLED = "1"
NO_ANSWER = "xAI sent neither an answer nor an error for this row."
OTHER_KIND = "xAI answered with something that is not text ({kinds}); the raw answer is kept."
NANO_IN_TICKS = 10  # 1e-9 USD in units of 1e-10 USD
ERROR_KEPT = 2_000  # characters
MOST_PICTURES, LONGEST_ADDRESS = 20, 8_000
"""Of a row: xAI makes 10 at most (facts 7.6); each is a record, written within one transaction."""


def read_result(raw: object) -> ResultRow:
    """Returns the row as a ResultRow. It succeeded only if it holds a chat completion."""
    row = table(raw)
    result = table(row.get("batch_result"))
    row_id = _id(row.get("batch_request_id"))
    response = result.get("response")
    if is_table(response):
        completion = response.get("chat_get_completion")
        if is_table(completion):
            return read_completion(completion, row_id)
        drawn = response.get("image_generation")
        if is_table(drawn) and (pictures := _pictures(drawn)):
            return _drawn(drawn, row_id, pictures, "picture")
        filmed = response.get("video_generation")
        if is_table(filmed) and (address := _address(filmed.get("video"))):
            return _drawn(filmed, row_id, (address,), "video")
    error, code = _error(row, result)
    if not error and not code and is_table(response) and response:
        error = OTHER_KIND.format(kinds=", ".join(map(str, response))[:100])
    return ResultRow(row_id, _outcome(error, code), error=error or NO_ANSWER, error_code=code)


def _pictures(drawn: dict[str, Any]) -> tuple[str, ...]:
    data = drawn.get("data")
    found = [_address(one) for one in data[:MOST_PICTURES]] if isinstance(data, list) else []
    return tuple(address for address in found if address)


def _address(one: object) -> str:
    return text(table(one).get("url"))[:LONGEST_ADDRESS].replace("\0", "�")


def _drawn(drawn: dict[str, Any], row_id: str, pictures: tuple[str, ...], kind: str) -> ResultRow:
    """Returns a row whose answer is files; they are fetched apart, as their addresses die within the hour."""
    count = len(pictures)
    words = f"1 {kind}" if count == 1 else f"{count} {kind}s"
    usage = _usage(drawn, [])
    return ResultRow(row_id, "succeeded", words, model=text(drawn.get("model")), usage=usage, pictures=pictures)


def read_completion(completion: dict[str, Any], batch_request_id: str = "") -> ResultRow:
    """Returns a completion or response, of a batch or a real-time call, as a succeeded row."""
    if is_response(completion):
        completion = as_completion(completion)
    turns = _turns(completion.get("choices"))
    choice = _answer_of(turns)
    message = table(choice.get("message"))
    content, asked = _content(message.get("content")), asked_of_client(turns[-1]) if turns else ()
    return ResultRow(
        batch_request_id,
        "succeeded",
        content,
        text(message.get("reasoning_content")),
        text(choice.get("finish_reason")),
        text(completion.get("model")),
        _usage(completion, turns),
        "",
        "",
        text(message.get("refusal")) or _refusal(message.get("content")),
        _others(turns, choice),
        sources_of(completion, [one for turn in turns for one in annotations_of(table(turn.get("message")))]),
        asked,
    )


def with_calls_as_answers(result: ResultRow) -> ResultRow:
    """Returns the result of a request that offered functions: where there is no text, the calls are what was wanted."""
    if not result.function_calls:
        return result
    first, *further = [text for text in (result.content, *result.function_calls) if text.strip()]
    return msgspec.structs.replace(result, content=first, others=tuple(further))


def with_call_as_answer(result: ResultRow, function: str) -> ResultRow:
    """Returns the result with what this function was to be called with as its answer, as JSON.

    Further calls of it are further answers. A model that answered in words did not call it: nothing changes then.
    """
    calls = [call for call in map(orjson.loads, result.function_calls) if call["name"] == function]
    if not function or not calls:
        return result
    first, *further = [_arguments(call["arguments"]) for call in calls]
    return msgspec.structs.replace(result, content=first, others=tuple(further))


def _arguments(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _id(value: object) -> str:
    return str(value) if type(value) is int else text(value)


def _turns(choices: object) -> list[dict[str, Any]]:
    return [choice for choice in choices if is_table(choice)] if isinstance(choices, list) else []


def _answer_of(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the choice with the answer: the assistant's last one that has content.

    With tools, the choices hold all steps of the run, tool messages included (facts 2.7).
    """
    if len(turns) == 1:
        return turns[0]
    assistant = [turn for turn in turns if table(turn.get("message")).get("role", "assistant") == "assistant"]
    answered = [turn for turn in assistant if _content(table(turn.get("message")).get("content"))]
    return (answered or assistant or turns or [{}])[-1]


def _others(turns: list[dict[str, Any]], answer: dict[str, Any]) -> tuple[str, ...]:
    """Returns the texts of further answers. Empty for the steps of one run, which include tool messages or calls."""
    if len(turns) < 2 or any(_is_step(table(turn.get("message"))) for turn in turns):
        return ()
    contents = [_content(table(turn.get("message")).get("content")) for turn in turns if turn is not answer]
    return tuple(content for content in contents if content.strip())


def _is_step(message: dict[str, Any]) -> bool:
    return bool(message.get("tool_calls")) or message.get("role", "assistant") != "assistant"


def _content(value: object) -> str:
    """Returns the text, also of a list of parts. "" for null, which comes beside tool calls."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(text(table(part).get("text")) for part in value)
    return ""


def _refusal(content: object) -> str:
    """Returns the words with which a part of the content refuses."""
    parts = content if isinstance(content, list) else []
    return "".join(text(table(part).get("refusal")) for part in parts)


def _usage(completion: dict[str, Any], turns: list[dict[str, Any]]) -> Usage | None:
    value = completion.get("usage")
    if not is_table(value):
        return None
    cost = number(value.get("cost_in_usd_ticks"))
    if cost is None:
        nano = number(value.get("cost_in_nano_usd"))
        cost = None if nano is None else number(nano * NANO_IN_TICKS)
    if cost is not None and cost < 0:
        cost = None
    return Usage(
        count(value.get("prompt_tokens")),
        count(value.get("completion_tokens")),
        count(table(value.get("completion_tokens_details")).get("reasoning_tokens")),
        count(table(value.get("prompt_tokens_details")).get("cached_tokens")),
        cost,
        count(value.get("num_sources_used")),
        _calls(completion, turns) if len(turns) > 1 or value.get("num_server_side_tools_used") else (),
    )


def _calls(completion: dict[str, Any], turns: list[dict[str, Any]]) -> tuple[tuple[str, int], ...]:
    counted = calls_counted(completion)
    return tuple((calls_made(turns) if counted is None else counted).items())


def _error(row: dict[str, Any], result: dict[str, Any]) -> tuple[str, str]:
    """Returns (message, code) of the first error with either: in the result, or beside it (two unconfirmed forms)."""
    for value in (result.get("error"), row.get("error_message"), row.get("error")):
        message, code = _message(value), ""
        if is_table(value):
            message, code = _message(value.get("message")), _code(value.get("code"))
        if message or code:
            return message or f"xAI gave the error code {code} without a message.", code
    return "", ""


def _code(value: object) -> str:
    return str(value) if type(value) is int and value else text(value)


def _message(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or is_table(value):
        return ""
    try:
        return orjson.dumps(value).decode()[:ERROR_KEPT]
    except (TypeError, RecursionError):
        return "xAI gave an error that cannot be shown; the raw answer is kept."


def _outcome(error: str, code: str) -> Outcome:
    if NOT_YET_VISIBLE.search(error):
        return "not_ready"
    return "cancelled" if code == GRPC_CANCELLED or CANCELLED.match(error) else "failed"
