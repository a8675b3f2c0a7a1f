"""From rows to requests. Pure: the same recipe and rows always give the same bytes, at any time, in any process."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from batchsite.batches.prompts import Template
from batchsite.xai.bodies import Kind, Message, encode_requests, request_item

ID_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every provider takes; xAI publishes no rule of its own (facts 2.5)."""
NumberedRow = tuple[int, Sequence[str]]


@dataclass(frozen=True)
class Recipe:
    """All that a request is made of, beside its row."""

    id_prefix: str
    id_column: int | None
    """Index of the column that holds the ids; None: `<id_prefix>-row-<number>`."""
    system: Template | None
    prompt: Template
    model: str
    params: dict[str, Any]
    kind: Kind

    def request_id(self, number: int, cells: Sequence[str]) -> str:
        return f"{self.id_prefix}-row-{number}" if self.id_column is None else cells[self.id_column]

    def messages(self, cells: Sequence[str]) -> list[Message]:
        user = Message("user", self.prompt.render(cells))
        return [user] if self.system is None else [Message("system", self.system.render(cells)), user]

    def request(self, number: int, cells: Sequence[str]) -> dict[str, Any]:
        return request_item(
            self.request_id(number, cells),
            kind=self.kind,
            model=self.model,
            messages=self.messages(cells),
            params=self.params,
        )

    def body(self, rows: Iterable[NumberedRow]) -> bytes:
        """The body of one add call."""
        return encode_requests(self.request(number, cells) for number, cells in rows)


def digest(body: bytes) -> str:
    """What tells whether a chunk was rebuilt byte for byte."""
    return hashlib.sha256(body).hexdigest()


def id_prefix(dataset_name: str) -> str:
    """`Tickets März.csv` as `tickets-marz`, short enough for `-row-1000000` to follow within 64 characters."""
    name = re.sub(r"\.(csv|tsv|txt|jsonl?|xlsx)$", "", dataset_name.strip(), flags=re.IGNORECASE)
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:40].strip("-") or "rows"


def row_of(request_id: str, prefix: str) -> int | None:
    """The row that `<prefix>-row-<n>` stands for; None for anything else."""
    head = f"{prefix}-row-"
    tail = request_id[len(head) :]
    if not request_id.startswith(head) or not tail.isascii() or not tail.isdigit() or tail[0] == "0":
        return None
    return int(tail)


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending row numbers as [[first, last], …]."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def numbers(spans: Iterable[Sequence[int]]) -> list[int]:
    """The other way round."""
    return [number for first, last in spans for number in range(first, last + 1)]


# ---- checks before anything is spent -----------------------------------------------------------


@dataclass(frozen=True)
class RowProblem:
    """A row that the provider would refuse, or answer for nothing."""

    row: int
    message: str


def check_row(recipe: Recipe, number: int, cells: Sequence[str], most_bytes: int) -> RowProblem | None:
    """What is wrong with one row's request, if anything."""
    prompt = recipe.prompt.render(cells)
    if not prompt.strip():
        return RowProblem(number, "The prompt is empty: the cells it is made of hold nothing.")
    request_id = recipe.request_id(number, cells)
    if not ID_FORM.fullmatch(request_id):
        return RowProblem(number, f"“{request_id[:80]}” cannot be an id: use 1 to 64 of A–Z a–z 0–9 _ -.")
    # A character takes at most 6 bytes in JSON: only what could be too big is measured.
    if 6 * (len(prompt) + sum(map(len, cells))) > most_bytes:
        size = len(encode_requests([recipe.request(number, cells)]))
        if size > most_bytes:
            return RowProblem(
                number, f"The request has {size / 1e6:.1f} MB; xAI takes {most_bytes / 1e6:.0f} MB (facts 4)."
            )
    return None


@dataclass(frozen=True)
class Limit:
    """The values that a parameter may take. xAI checks them only when a row runs, or never (facts 6.1)."""

    low: float
    high: float
    whole: bool = False


LIMITS = {
    "temperature": Limit(0, 2),
    "top_p": Limit(0, 1),
    "max_completion_tokens": Limit(1, 1_000_000, whole=True),
    "seed": Limit(-(2**31), 2**31 - 1, whole=True),
}


def check_params(params: dict[str, Any]) -> dict[str, str]:
    """Problems by parameter, in words. A row with a value out of range would hang for ever at xAI."""
    problems = {}
    for name, limit in LIMITS.items():
        value = params.get(name)
        if value is None:
            continue
        fits = isinstance(value, int | float) and not isinstance(value, bool) and limit.low <= value <= limit.high
        if not fits or (limit.whole and value != int(value)):
            kind = "a whole number" if limit.whole else "a number"
            problems[name] = f"{kind.capitalize()} from {limit.low:,} to {limit.high:,}, please."
    return problems
