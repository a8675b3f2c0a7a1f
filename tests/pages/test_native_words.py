"""Words that people stumbled over do not come back: not in a template, a script, nor a sentence of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchsite.options import ROOT

BETTER = {
    "Such as": "Examples",
    "Between the cells": "Separator",
    "What was understood": "File details",
    "Nothing had to be asked": "No questions needed",
    "Shall they be given names": "Name them automatically?",
    r"Leave [^.]{0,20} out and take the rest": "Skip … rows and import the rest",
    "Mend the file": "Fix the file and upload it again",
    "What was not asked": "Other settings",
    "Say otherwise": "Change these if they’re wrong",
    "own words come into the prompt": "Insert a column, and each row’s value appears there",
    r"Empty: all\b": "Leave blank for all …",
    "only the first so many": "enter how many",
    "Use a kept prompt": "Saved prompts",
    "Keep this prompt": "Save prompt",
    "The answer is: Text": "Answer format: Text",
    "You sort texts": "Classify the text",
    "where none fits well": "Always choose the closest label",
    "steadied by": "typical usage of this model",
    "Rows with a gap": "Rows with empty values",
    "What was asked": "Prompt",
    "What came back": "Results",
    r"\bTry (them|it|these|this) again…": "Retry…",
    r"\bRerun\b": "Retry",
    r"^\s*Again…": "Duplicate…",
    "What became of": "The remaining rows settle in about two minutes",
    "within some": "in about",
    "No row fails for it": "No rows are lost",
    "tried again by itself": "We retry automatically",
    "right answers": "correct answers",
    "Needs a hand": "Needs attention",
    "Lately finished": "Recently finished",
    "How it came about": "Request details",
    "lets one person in": "Single-use",
    r"\bTake back\b": "Revoke",
    "There is nothing here": "Page not found",
    r"\[Errno": "We can’t reach xAI: its address could not be found",
}
"""What was said: what is said instead."""
TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|<[^>]*>", re.DOTALL)


def of_templates() -> Iterator[tuple[Path, str]]:
    """Yields each text of a template, also those of attributes and of `with`."""
    for path in sorted((ROOT / "templates").rglob("*.*")):
        whole = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
        for text in [*TAGS.split(whole), *re.findall(r'"([^"<>{}]*)"', whole)]:
            yield path, " ".join(text.split())


def of_code() -> Iterator[tuple[Path, str]]:
    """Yields each string of the code that is no docstring, with `…` for what is filled in."""
    for path in sorted((ROOT / "batchsite").rglob("*.py")):
        tree = ast.parse(path.read_text())
        comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in comments:
                yield path, node.value


def of_scripts() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "static").glob("*.js")):
        for text in re.findall(r"\"([^\"\n]*)\"|`([^`]*)`", path.read_text()):
            yield path, "".join(text)


@pytest.mark.parametrize("texts", [of_templates, of_code, of_scripts])
def test_what_sounded_translated_does_not_come_back(texts: object) -> None:
    assert callable(texts)
    read = [(path, text) for path, text in texts() if " " in text or text.endswith("…")]
    assert len(read) > 20, "it reads what it is about"
    found = [
        f"{path.relative_to(ROOT)}: “{text[:80]}”: better “{better}”"
        for path, text in read
        for said, better in BETTER.items()
        if re.search(said, text)
    ]
    assert found == []
