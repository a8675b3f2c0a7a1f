"""Earlier turns of a conversation that a row has in a cell: a JSON list of messages. Pure.

The list is taken as chats are commonly kept: [{"role": "user", "content": "…"}, …], alone or as the member `messages`
of an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from batchsite.xai.bodies import Message

ROLES = ("user", "assistant", "system", "developer")
MOST_TURNS = 500


class OddHistory(ValueError):
    """The cell holds no list of messages; the text says what is wrong with it."""


@dataclass(frozen=True)
class History:
    """The column whose cells hold earlier turns. A blank cell has none."""

    column: int

    def messages(self, cells: Sequence[str]) -> list[Message]:
        """Returns the earlier turns of a row; none if they cannot be read, which `fault` says."""
        try:
            return list(read_turns(cells[self.column]))
        except OddHistory:
            return []

    def fault(self, cells: Sequence[str], *, is_all: bool) -> str:
        """Returns what is wrong with the earlier turns of a row. Empty if nothing is.

        `is_all`: there is no prompt after them, so they have to end with what is asked.
        """
        try:
            turns = read_turns(cells[self.column])
        except OddHistory as odd:
            return str(odd)
        if is_all and (not turns or turns[-1].role != "user"):
            return "The earlier turns have to end with a message of the user, as there is no prompt after them."
        return ""


@lru_cache(maxsize=8)
def read_turns(cell: str) -> tuple[Message, ...]:
    """Returns the messages of a cell. Raises OddHistory."""
    if not cell.strip():
        return ()
    try:
        value: Any = orjson.loads(cell)
    except orjson.JSONDecodeError as error:
        raise OddHistory(f"The earlier turns are not JSON: {str(error)[:100]}.") from None
    if isinstance(value, dict):
        value = value.get("messages")
    if not isinstance(value, list):
        raise OddHistory("The earlier turns are no list of messages, such as [{“role”: “user”, “content”: “…”}].")
    if len(value) > MOST_TURNS:
        raise OddHistory(f"There are {len(value):,} earlier turns; {MOST_TURNS} at most.")
    return tuple(_message(number, turn) for number, turn in enumerate(value, 1))


def _message(number: int, turn: object) -> Message:
    if not isinstance(turn, dict):
        raise OddHistory(f"Turn {number} is no message with a role and a content.")
    role, content = turn.get("role"), turn.get("content")
    if role not in ROLES:
        raise OddHistory(f"Turn {number} has the role “{str(role)[:40]}”: use {', '.join(ROLES[:-1])} or {ROLES[-1]}.")
    if isinstance(content, list) and all(_is_text(part) for part in content):
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise OddHistory(f"Turn {number} holds something other than text; only texts can be sent.")
    if not content.strip():
        raise OddHistory(f"Turn {number} is empty.")
    return Message(str(role), content)


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)
