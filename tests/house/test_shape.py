"""How long files and functions may be. The tail is what makes code hard to read, so the tail has the budget."""

from __future__ import annotations

import ast
import statistics

from tests.house.source import files, name_of, tree

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
P95_OF_FUNCTIONS = 40
MEDIAN_OF_FUNCTIONS = 10


def _functions() -> dict[str, int]:
    """Lines of every function, by its place."""
    found = {}
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{name_of(path)}:{node.lineno} {node.name}"] = (node.end_lineno or 0) - node.lineno + 1
    return found


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in files()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    assert {name: lines for name, lines in _functions().items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_most_functions_are_small() -> None:
    lengths = sorted(_functions().values())
    assert statistics.median(lengths) <= MEDIAN_OF_FUNCTIONS
    assert lengths[int(len(lengths) * 0.95)] <= P95_OF_FUNCTIONS
