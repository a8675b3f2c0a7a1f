"""What changed between two versions: line by line, and within a changed line word by word. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from batchsite.prompts.library import Contents

Kind = Literal["same", "old", "new"]
WORDS_COMPARED = 2_000
"""Longer passages are shown as a whole before and after: comparing takes time with the square of their length."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """Text that stands in both versions, in the older or in the newer one only."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Section:
    """One part of a prompt, such as its system prompt, in both versions."""

    title: str
    changed: bool
    pieces: Sequence[Piece]


def compare(old: Contents, new: Contents) -> list[Section]:
    """The parts that either version has; those that are the same have no pieces."""
    before, after = dict(_parts(old)), dict(_parts(new))
    return [
        Section(title, before[title] != after[title], list(changes(before[title], after[title])))
        for title in before
        if before[title] or after[title]
    ]


def _parts(contents: Contents) -> Iterator[tuple[str, str]]:
    turns = [f"User: {one.get('user', '')}\nAssistant: {one.get('assistant', '')}" for one in contents.examples]
    yield "System prompt", contents.system_prompt
    yield "Prompt", contents.text
    yield "Examples", "\n\n".join(turns)
    yield "Shape of the answer", json.dumps(contents.shape, indent=2, ensure_ascii=False) if contents.shape else ""
    yield "Model", contents.model
    yield "Parameters", "\n".join(f"{name}: {json.dumps(value)}" for name, value in sorted(contents.params.items()))


def changes(old: str, new: str) -> Iterator[Piece]:
    """Pieces that give the old text where the new ones are left out, and the new where the old ones are."""
    if old == new:
        return
    lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, i, j, k, m in difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        before, after = "".join(lines[0][i:j]), "".join(lines[1][k:m])
        if tag == "equal":
            yield Piece("same", before)
        elif tag == "replace":
            yield from _words(before, after)
        else:
            yield from _both(before, after)


def _words(old: str, new: str) -> Iterator[Piece]:
    words = _WORD.findall(old), _WORD.findall(new)
    if max(map(len, words)) > WORDS_COMPARED:
        yield from _both(old, new)
        return
    before, after = "", ""
    opcodes = difflib.SequenceMatcher(None, *words, autojunk=False).get_opcodes()
    for number, (tag, i, j, k, m) in enumerate(opcodes):
        kept = "".join(words[0][i:j])
        between = 0 < number < len(opcodes) - 1 and not kept.strip() and "\n" not in kept
        if tag != "equal" or between:  # a space between two changes is part of one
            before, after = before + kept, after + "".join(words[1][k:m])
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
