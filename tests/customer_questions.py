"""A table such as people bring: 10,003 short questions of a bank's customers, each with one of 77 intents.

The same every time. Rows stand by intent, intents are unevenly frequent (35 to 187 rows), and there is what such files
have: commas, quotes and line breaks within a cell, accents and signs of currencies, slips of the pen, long stories.

The phrases are in `customer_questions.txt`: a paragraph for each intent, a phrase a line, `+` before a story.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

COLUMNS = ["text", "category"]
COUNT = 10_003
FEWEST, MOST, STEEPNESS = 35, 187, 0.6
"""Rows of the rarest and of the most frequent intent, and how fast the others approach the latter."""

PHRASES = Path(__file__).with_suffix(".txt")
SLOTS: dict[str, Sequence[str]] = {
    "age": ("12", "15", "16", "17"),
    "amount": ("$20", "40 euros", "$75", "120 dollars", "€150", "£200", "300 euros", "$1,250", "2,000 francs"),
    "city": ("Leeds", "Porto", "Kraków", "Zürich", "Lyon", "Málaga", "Bergen", "Austin", "Osaka", "Cork", "Ghent"),
    "country": ("Spain", "Norway", "Japan", "Turkey", "Brazil", "Poland", "Canada", "Côte d'Ivoire", "the Netherlands"),
    "currency": ("dollars", "euros", "yen", "Swiss francs", "pounds", "złoty", "kroner", "Australian dollars"),
    "day": ("Monday", "Tuesday", "Thursday", "Friday", "Saturday", "Sunday", "a bank holiday"),
    "few": ("two", "three", "four", "five"),
    "month": ("January", "March", "April", "June", "August", "September", "November"),
    "shop": ("the supermarket", "a café", "the chemist", "the garage", "my hotel", "an online shop", "the book shop"),
    "small": ("$1", "50 cents", "2 euros", "£1.50", "$3.20", "1 %"),
    "times": ("twice", "three times", "four times", "again and again"),
    "when": ("yesterday", "last Monday", "last week", "two weeks ago", "this morning", "last May", "ten days ago"),
}
OPENINGS = (
    "Hi",
    "Hello",
    "Hi there,",
    "Good morning,",
    "Please help:",
    "Sorry,",
    "Question:",
    "Hey",
    "Hello there",
    "Ok so",
)
CLOSINGS = (
    "Thanks!",
    "Please help.",
    "Can you check?",
    "What should I do?",
    "Is that normal?",
    "Thank you",
    "It is urgent!",
    "Any idea?",
    "Why?",
    "Please!",
    "I am lost",
    "Help!!",
)
BACKGROUNDS = (
    "I have been a customer for {few} years and never had any trouble until now.",
    "I called you {when}, waited for a long time, and nobody could tell me anything.",
    "I am in {country} at the moment and cannot come by.",
    "I have looked through the help pages, but what I found there does not fit my case.",
    'The app only says "Something went wrong", and then it closes.',
    "A friend of mine who is with you as well told me to write to you, because she once had the very same thing.",
    "I wrote to you about it {when} and have had no answer so far, which I find rather disappointing.",
    "I have already restarted the phone, installed the app anew and tried it {times}, at home and in {city}.",
)


class _Writer:
    """Makes sentences of the phrases of one intent. Draws only on `random()`, whose course Python guarantees."""

    def __init__(self, phrases: Sequence[str], seed: int) -> None:
        self.asks = [phrase for phrase in phrases if not phrase.startswith("+ ")]
        self.stories = [phrase.removeprefix("+ ") for phrase in phrases if phrase.startswith("+ ")]
        self.draw = random.Random(seed).random

    def pick(self, choices: Sequence[str]) -> str:
        return choices[int(self.draw() * len(choices))]

    def chance(self, share: float) -> bool:
        return self.draw() < share

    def filled(self, phrase: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda slot: self.pick(SLOTS[slot[1]]), phrase)

    def question(self) -> str:
        parts = [self.filled(self.pick(self.asks))]
        if self.chance(0.05):
            parts.insert(0, self.filled(self.pick(self.stories)))
        for _ in range(3):
            if self.chance(0.035):
                parts.insert(0, self.filled(self.pick(BACKGROUNDS)))
        if self.chance(0.30):
            parts.append(self.pick(CLOSINGS))
        if self.chance(0.30):
            opening = self.pick(OPENINGS)
            first = parts[0]
            parts[0] = f"{opening} {first if re.match('I[ ’]', first) else first[0].lower() + first[1:]}"
        return self.typed(list(dict.fromkeys(parts)))

    def typed(self, sentences: list[str]) -> str:
        """As people type it: without capitals or a full stop, with letters swapped, with too many blanks or lines."""
        if len(sentences) > 1 and self.chance(0.01):
            return "\n\n".join(sentences)
        text = ("  " if self.chance(0.05) else " ").join(sentences)
        if self.chance(0.18):
            text = text.lower()
        if self.chance(0.22):
            text = text.rstrip(".?!")
        if self.chance(0.04):
            place = 1 + int(self.draw() * (len(text) - 3))
            text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        return text


def intents() -> dict[str, list[str]]:
    """The phrases of each intent, in the order of the table."""
    paragraphs = PHRASES.read_text(encoding="utf-8").strip().split("\n\n")
    return {lines[0]: lines[1:] for lines in map(str.splitlines, paragraphs)}


def sizes(count: int) -> list[int]:
    """How many rows each of `count` intents has: COUNT in all, big and small ones mixed."""
    shares = [(number * 29 % count) / (count - 1) for number in range(count)]
    rows = [round(FEWEST + (MOST - FEWEST) * share**STEEPNESS) for share in shares]
    rows[count // 2] += COUNT - sum(rows)
    return rows


@cache
def _table() -> tuple[tuple[str, str], ...]:
    rows: dict[str, str] = {}
    by_intent = intents()
    for seed, ((intent, phrases), size) in enumerate(zip(by_intent.items(), sizes(len(by_intent)), strict=True)):
        writer, until = _Writer(phrases, seed), len(rows) + size
        while len(rows) < until:
            rows.setdefault(writer.question(), intent)
    return tuple(rows.items())


def questions() -> list[list[str]]:
    """All rows, each a text and its intent. No text stands twice."""
    return [list(row) for row in _table()]


def as_csv() -> bytes:
    """The same as a file: with a header, in UTF-8, lines ending in CRLF."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([COLUMNS, *questions()])
    return file.getvalue().encode()
