"""A queue's message names its function by a path, which only fails when it runs. So every path is tried here."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from typing import Any

from django.conf import settings

from tests.house.source import files, name_of, tree

PATH = re.compile(r"^batchsite(\.\w+){2,}$")


def _paths() -> dict[str, str]:
    """Every text in the code that looks like the path of something of ours, and where it stands."""
    found = {}
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and PATH.match(node.value):
                found[node.value] = name_of(path)
    return found


def _target(path: str) -> Any:
    """The module or the attribute of a module that a path names. None if there is neither."""
    try:
        return import_module(path)
    except ModuleNotFoundError:
        module, name = path.rsplit(".", 1)
    try:
        return getattr(import_module(module), name, None)
    except ModuleNotFoundError:
        return None


def test_every_path_leads_somewhere() -> None:
    assert {path: place for path, place in _paths().items() if _target(path) is None} == {}


def test_every_source_of_work_can_be_called() -> None:
    assert [path for path in settings.DUE_SOURCES if not callable(_target(path))] == []
