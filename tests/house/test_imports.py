"""What the contracts of import-linter (`pyproject.toml`, `make check`) cannot say about imports."""

from __future__ import annotations

import sys

import pytest

from tests.house.source import files, imports, name_of

FILES = files()
OUTSIDE = {
    "xai": {"httpx", "msgspec", "orjson"},
    "sandbox": {"orjson", "python_multipart"},
}
TRANSLATORS = [path for path in FILES if path.stem.startswith("views") or path.stem == "tasks"]


def _room(module: str) -> str:
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("room", sorted(OUTSIDE))
def test_the_client_and_the_sandbox_use_few_libraries(room: str) -> None:
    used = {module.split(".")[0] for path in FILES if _room(name_of(path)) == room for module in imports(path)}
    assert used - set(sys.stdlib_module_names) - {"batchsite"} <= OUTSIDE[room]


def test_views_and_tasks_only_translate() -> None:
    """They neither call xAI nor open transactions: the functions that they call do."""
    offenders = {}
    for path in TRANSLATORS:
        modules = set(imports(path))
        wrong = {module for module in modules if module.startswith(("batchsite.xai", "httpx"))}
        wrong |= modules & {"django.db.transaction", "django.db.connection"}
        if wrong:
            offenders[name_of(path)] = wrong
    assert offenders == {}
