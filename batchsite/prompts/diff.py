"""What changed between two versions: line by line, and word by word within changed lines. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from batchsite.prompts.library import Contents

Kind = Literal["same", "old", "new"]
MOST_PAIRS = 6_000_000
"""Pairs of lines and words that are compared, about a second. Passages beyond are shown as a whole, old and new."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """Text that is in both versions, or only in the older or the newer one."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class ComparedPart:
    """One part of a prompt, such as its system prompt, in both versions."""

    title: str
    changed: bool
    pieces: Sequence[Piece]


def compare(old: Contents, new: Contents) -> list[ComparedPart]:
    """Returns the parts that either version has; equal parts have no pieces."""
    before, after = dict(_parts(old)), dict(_parts(new))
    return [
        ComparedPart(title, before[title] != after[title], list(changes(before[title], after[title])))
        for title in before
        if before[title] or after[title]
    ]


def _parts(contents: Contents) -> Iterator[tuple[str, str]]:
    turns = [f"User: {turn.get('user', '')}\nAssistant: {turn.get('assistant', '')}" for turn in contents.examples]
    yield "System prompt", contents.system_prompt
    yield "Prompt", contents.text
    yield "Examples", "\n\n".join(turns)
    yield "Answer format", json.dumps(contents.shape, indent=2, ensure_ascii=False) if contents.shape else ""
    yield "Model", contents.model
    yield "Parameters", "\n".join(f"{name}: {json.dumps(value)}" for name, value in sorted(contents.params.items()))


def changes(old: str, new: str) -> Iterator[Piece]:
    """Yields pieces: without the new ones they are the old text, without the old ones they are the new text."""
    if old == new:
        return
    lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    effort = _Effort()
    for equal, before, after in _blocks(*lines, effort):
        if equal:
            yield Piece("same", "".join(before))
        elif before and after:
            yield from _words("".join(before), "".join(after), effort)
        else:
            yield from _both("".join(before), "".join(after))


@dataclass
class _Effort:
    """What a comparison may still cost, in pairs of lines and words."""

    pairs: int = MOST_PAIRS

    def allows(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Returns whether comparing these fits, and takes what it costs.

        difflib looks at all pairs of equal items, in the worst case again for each item.
        """
        counts = Counter(new)
        equal = sum(counts[item] for item in old)
        cost = len(old) * len(new) + equal * min(len(old), len(new)) // 4
        if cost > self.pairs:
            return False
        self.pairs -= cost
        return True


def _blocks(
    old: Sequence[str], new: Sequence[str], effort: _Effort
) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    """Yields (whether both are equal, items of the old text, items of the new text)."""
    head, tail = _common(old, new)
    if head:
        yield True, old[:head], new[:head]
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if effort.allows(*middle):
        for tag, i, j, k, m in difflib.SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
            yield tag == "equal", middle[0][i:j], middle[1][k:m]
    elif any(middle):
        yield False, *middle
    if tail:
        yield True, old[len(old) - tail :], new[len(new) - tail :]


def _common(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Returns how many items at the beginning and how many of the rest at the end are equal."""
    shorter = min(len(old), len(new))
    head = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    tail = next((place for place in range(shorter - head) if old[-1 - place] != new[-1 - place]), shorter - head)
    return head, tail


def _words(old: str, new: str, effort: _Effort) -> Iterator[Piece]:
    """Yields pieces of a changed passage, word by word; a space between two changes is part of one."""
    blocks = list(_blocks(_WORD.findall(old), _WORD.findall(new), effort))
    before, after = "", ""
    for number, (equal, left, right) in enumerate(blocks):
        kept = "".join(left)
        between = 0 < number < len(blocks) - 1 and not kept.strip() and "\n" not in kept
        if not equal or between:
            before, after = before + kept, after + "".join(right)
            continue
        yield from _both(before, after)
        yield Piece("same", kept)
        before, after = "", ""
    yield from _both(before, after)


def _both(old: str, new: str) -> Iterator[Piece]:
    if old:
        yield Piece("old", old)
    if new:
        yield Piece("new", new)
