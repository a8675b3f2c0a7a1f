"""A queue's message names its function by a path, which only fails when it runs. So every path is tried here."""

from __future__ import annotations

import ast
import re
from importlib import import_module

import pytest
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


@pytest.mark.parametrize("path", sorted(_paths()))
def test_a_path_leads_somewhere(path: str) -> None:
    module, name = path.rsplit(".", 1)
    try:
        import_module(path)
    except ModuleNotFoundError:
        assert hasattr(import_module(module), name), f"{_paths()[path]} names {path}"


@pytest.mark.parametrize("path", settings.DUE_SOURCES)
def test_a_source_of_work_can_be_called(path: str) -> None:
    module, name = path.rsplit(".", 1)
    assert callable(getattr(import_module(module), name))
