"""From rows to requests. Pure: the same recipe and rows give the same bytes in any process."""

from __future__ import annotations

import contextlib
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from batchsite.recipes.attachments import Pictures
from batchsite.recipes.history import History
from batchsite.recipes.json_bytes import json_bytes
from batchsite.recipes.parameters import MAX_TOKENS
from batchsite.recipes.prompt_template import Template
from batchsite.recipes.request_pieces import RequestPieces, pieces_of
from batchsite.xai.bodies import Kind, Message, encode_requests, request_item

ID_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids that every provider takes; xAI publishes no rule (facts 2.5)."""
MOST_ROWS = 999_999_999
"""Row numbers up to this one fit into a request id."""
NumberedRow = tuple[int, Sequence[str]]


@dataclass(frozen=True)
class Recipe:
    """Everything that is the same for every request of a batch."""

    id_prefix: str
    id_column: int | None
    """Index of the column with request ids. If None, ids are `<id_prefix>-row-<number>`."""
    system: Template | None
    prompt: Template
    model: str
    params: dict[str, Any]
    kind: Kind
    examples: tuple[tuple[Template, Template], ...] = ()
    """(user, assistant) turns between the system prompt and the prompt."""
    pictures: Pictures | None = None
    """The attachments of the prompt."""
    tools: tuple[dict[str, Any], ...] = ()
    """Tools as they are sent; only requests of the kind `responses` have any (facts 6.5)."""
    function: dict[str, Any] | None = None
    """A function that the model is asked to call: its arguments are the answer."""
    cache_key: str = ""
    history: History | None = None
    """Earlier turns that rows have in a cell; they stand between the examples and the prompt."""

    def request_id(self, number: int, cells: Sequence[str]) -> str:
        return f"{self.id_prefix}-row-{number}" if self.id_column is None else cells[self.id_column]

    def messages(self, cells: Sequence[str]) -> list[Message]:
        along = self.pictures.attachments(cells) if self.pictures else ()
        user = Message("user", self.prompt.render(cells), along)
        if self.examples or self.history:
            earlier = self.history.messages(cells) if self.history else []
            before = [Message(role, template.render(cells)) for role, template in self.turns[:-1]]
            return [*before, *earlier, *([] if self.ends_in_history else [user])]
        return [user] if self.system is None else [Message("system", self.system.render(cells)), user]

    @cached_property
    def ends_in_history(self) -> bool:
        """Whether the earlier turns of a row are all that is asked, as there is no prompt."""
        is_asked = self.prompt.has_words or self.prompt.columns or self.pictures
        return self.history is not None and not is_asked

    def likeness(self, cells: Sequence[str]) -> bytes:
        """Returns a digest that only rows share whose requests are the same but for the id.

        It is made of the cells, not of the request: files that go along need not be read.
        """
        used = [cells[column] for column in self.depends_on]
        text = "".join([f"{len(cell)}:{cell}" for cell in used])
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def length(self, cells: Sequence[str]) -> int:
        """Returns the characters of all messages of a row, without rendering them."""
        earlier = len(cells[self.history.column]) if self.history else 0
        return earlier + sum(template.length(cells) for _, template in self.turns)

    def carried(self, cells: Sequence[str]) -> int:
        """Returns the bytes that files of ours add to a row's request."""
        return self.pictures.bytes_of(cells) if self.pictures else 0

    def rows_at_once(self, most_rows: int, most_bytes: int) -> int:
        """Returns how many rows may travel together: memory must hold all of their files."""
        largest = self.pictures.largest if self.pictures else 0
        return max(1, min(most_rows, most_bytes // (2 * largest))) if largest else most_rows

    @cached_property
    def turns(self) -> tuple[tuple[str, Template], ...]:
        """(role, template) of all messages in order."""
        system = [] if self.system is None else [("system", self.system)]
        shown = [turn for user, assistant in self.examples for turn in (("user", user), ("assistant", assistant))]
        return (*system, *shown, ("user", self.prompt))

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """Indexes of the columns in use, each once, in order of appearance."""
        along = [used.column for used in (self.history, self.pictures) if used]
        return tuple(dict.fromkeys([column for _, template in self.turns for column in template.columns] + along))

    @cached_property
    def needed(self) -> tuple[int, ...]:
        """Indexes of the columns without which a row lacks something: it may have no earlier turns."""
        earlier = self.history.column if self.history else None
        return tuple(column for column in self.columns if column != earlier)

    @cached_property
    def shared_characters(self) -> int:
        """How many characters the messages of all rows begin with in common: up to the first placeholder."""
        count = 0
        turns = self.turns[:-1] if self.history else self.turns  # the prompt stands behind what differs
        for part in [part for _, template in turns for part in template.parts]:
            if isinstance(part, int):
                break
            count += len(part)
        return count

    @cached_property
    def fixed_characters(self) -> int:
        """How many characters of the messages are the same in all rows."""
        return sum(len(part) for _, template in self.turns for part in template.parts if isinstance(part, str))

    @cached_property
    def depends_on(self) -> tuple[int, ...]:
        """Indexes of all columns that a request depends on, but for its id: rows that agree in them send the same."""
        return self.columns

    @cached_property
    def weight(self) -> tuple[int, int]:
        """(upper bound of the bytes that all requests share, upper bound of bytes per character of a row's cells).

        A character takes at most 6 bytes in JSON, each time its cell is used.
        """
        parts = [part for _, template in self.turns for part in template.parts]
        texts = sum(len(part) for part in parts if isinstance(part, str))
        uses = Counter(
            [*(part for part in parts if isinstance(part, int)), *([self.history.column] if self.history else [])]
        )
        return 6 * texts + len(json_bytes([self.params, self.tools, self.function])) + 1000, 6 * (
            max(uses.values(), default=0) + 1
        )

    def fault(self, cells: Sequence[str]) -> str:
        """Returns what is wrong with the texts of a row's request (not its id or size). Empty if nothing is."""
        if self.history and (words := self.history.fault(cells, is_all=self.ends_in_history)):
            return words
        if not self.ends_in_history and self.prompt.is_blank(cells):
            return "The prompt is empty: all the cells it uses are empty."
        for place in self.hollow:
            role, template = self.turns[place]
            if role != "system" and template.is_blank(cells):
                return "Part of an example is empty: all the cells it uses are empty."
        return self.pictures.fault(cells) if self.pictures else ""

    @cached_property
    def hollow(self) -> tuple[int, ...]:
        """Indexes in `turns`, before the prompt, of templates that may render blank."""
        return tuple(place for place, (_, template) in enumerate(self.turns[:-1]) if not template.has_words)

    @cached_property
    def is_sound(self) -> bool:
        """Whether every row makes a request with texts and a valid id, whatever its cells hold."""
        own_ids = self.id_column is None and ID_FORM.fullmatch(f"{self.id_prefix}-row-{MOST_ROWS}") is not None
        return (
            own_ids
            and self.pictures is None
            and self.history is None
            and all(template.has_words for role, template in self.turns if role != "system")
        )

    def request(self, number: int, cells: Sequence[str]) -> dict[str, Any]:
        return request_item(
            self.request_id(number, cells),
            kind=self.kind,
            model=self.model,
            messages=self.messages(cells),
            params=self.params,
            tools=self.tools,
            function=self.function,
            cache_key=self.cache_key,
        )

    def capped(self, output_cap: int) -> Self:
        """Returns the same recipe with another cap on the tokens of an answer."""
        return replace(self, params={**self.params, MAX_TOKENS.name: output_cap})

    def body(self, rows: Iterable[NumberedRow]) -> bytes:
        """Returns the body of one add call. Raises ValueError that names the first row that JSON cannot hold."""
        some = list(rows)
        if self.pieces is not None:
            with contextlib.suppress(TypeError):
                return self.pieces.body(some, self.request_id)
        return encode_requests(self.request(number, cells) for number, cells in some)

    @cached_property
    def pieces(self) -> RequestPieces | None:
        """The pieces of its requests. None where each of them is built by itself."""
        return (
            None
            if self.pictures or self.history
            else pieces_of([template for _, template in self.turns], self._request_with)
        )

    def _request_with(self, texts: Sequence[str]) -> dict[str, Any]:
        """Returns a request with these texts: the first is its id, the others are its turns."""
        literal = [Template((text,)) for text in texts[1:]]
        system = literal.pop(0) if self.system else None
        prompt = literal.pop()
        examples = tuple(zip(literal[::2], literal[1::2], strict=True))
        same = replace(self, id_column=0, system=system, prompt=prompt, examples=examples)
        return same.request(1, [texts[0]])


def digest(body: bytes) -> str:
    """Returns a hash by which a rebuilt chunk is compared with the one sent."""
    return hashlib.sha256(body).hexdigest()


def id_prefix(dataset_name: str) -> str:
    """Returns `Tickets März.csv` as `tickets-marz`, short enough for `-row-1000000` to follow within 64 characters."""
    name = re.sub(r"\.(csv|tsv|txt|jsonl?|xlsx)$", "", dataset_name.strip(), flags=re.IGNORECASE)
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:40].strip("-") or "rows"


def row_of(request_id: str, prefix: str) -> int | None:
    """Returns the row number of `<prefix>-row-<n>`. None for any other id."""
    head = f"{prefix}-row-"
    tail = request_id[len(head) :]
    if not request_id.startswith(head) or not tail.isascii() or not tail.isdigit() or tail[0] == "0":
        return None
    return int(tail)


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Returns ascending row numbers as [[first, last], …]."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return spans


def numbers(spans: Iterable[Sequence[int]]) -> list[int]:
    """Returns the row numbers of [[first, last], …]: the inverse of `ranges`."""
    return [number for first, last in spans for number in range(first, last + 1)]


# ---- checks before anything is spent -----------------------------------------------------------


@dataclass(frozen=True)
class RowProblem:
    """A row that the provider would refuse, or whose answer would be worthless."""

    row: int
    message: str


def check_row(recipe: Recipe, number: int, cells: Sequence[str], most_bytes: int) -> RowProblem | None:
    """Returns what is wrong with a row's request. None if nothing is.

    The request is rendered only if its characters alone do not exceed `most_bytes`.
    """
    carried = recipe.carried(cells)
    length = recipe.length(cells) + carried
    if length > most_bytes:
        return RowProblem(number, _too_big(length, most_bytes))
    if not recipe.is_sound or number > MOST_ROWS:
        fault = recipe.fault(cells)
        if fault:
            return RowProblem(number, fault)
        request_id = recipe.request_id(number, cells)
        if not ID_FORM.fullmatch(request_id):
            return RowProblem(number, f"“{request_id[:80]}” cannot be an id: use 1 to 64 of A–Z a–z 0–9 _ -.")
    shared, each = recipe.weight
    if shared + each * sum(map(len, cells)) + carried > most_bytes:  # only what could be too big is measured
        size = len(encode_requests([recipe.request(number, cells)]))
        if size > most_bytes:
            return RowProblem(number, _too_big(size, most_bytes))
    return None


def _too_big(size: int, most_bytes: int) -> str:
    return f"The request has {size / 1e6:,.1f} MB; xAI takes at most {most_bytes / 1e6:.0f} MB."  # facts 4


def empty_column(recipe: Recipe, cells: Sequence[str]) -> int | None:
    """Returns the first needed column whose cell is blank. None if there is none."""
    return next((column for column in recipe.needed if not cells[column].strip()), None)
