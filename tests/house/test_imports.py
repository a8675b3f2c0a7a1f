"""The arrows between the rooms: who may import whom. An arrow that is not here needs a reason, and then a line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.house.source import files, imports, name_of

FOUNDATION = {"options", "setup"}
PAGES = {"http", "templatetags", "charts"}
MAY_IMPORT: dict[str, set[str]] = {
    "options": set(),
    "setup": {"options"},
    "settings": {"options", "setup"},
    "checks": {"options"},
    "templatetags": set(),
    "processes": FOUNDATION | {"checks"},
    "teams": {"processes", "http", "xai"},  # xai: to test a key before it is stored
    "http": {"teams"},
    "datasets": {"teams", "processes", *PAGES, *FOUNDATION},
    "charts": set(),
    "prompts": {"teams", *PAGES, *FOUNDATION},
    "batches": {"prompts", "datasets", "teams", "processes", "xai", *PAGES, *FOUNDATION},
    "review": {"batches", "datasets", "teams", "processes", *PAGES, *FOUNDATION},
    "trials": {"batches", "datasets", "teams", "processes", *PAGES, *FOUNDATION},
    "exports": {"review", "batches", "datasets", "teams", "processes", *PAGES, *FOUNDATION},
    "provider": {"exports", "batches", "teams", "xai", *PAGES, *FOUNDATION},  # exports: the same files of results
    "operations": {"batches", "datasets", "teams", "processes", *FOUNDATION},  # operators ask about everything
    "xai": set(),
    "sandbox": set(),
    "urls": {"processes", "teams", "datasets", "batches", "trials", "review", "exports", "provider"},
    "wsgi": {"settings"},
}
ALSO = {
    "batchsite.exports.management.commands.runbatch": {"xai"},  # the whole job, so also the last resort's words
    "batchsite.trials.completion": {"xai"},  # the one door of tries: a completion in real time
}
OUTSIDE = {
    "xai": {"httpx", "orjson"},
    "sandbox": {"orjson", "gunicorn"},
}
FILES = files()
NAMES = [name_of(path) for path in FILES]


def _room(module: str) -> str:
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_room_imports_only_what_the_arrows_allow(path: Path) -> None:
    name = name_of(path)
    room = _room(name)
    allowed = MAY_IMPORT.get(room, set()) | ALSO.get(name, set()) | {room, ""}
    inner = {module for module in imports(path) if module.startswith("batchsite.")}
    assert {module for module in inner if _room(module) not in allowed} == set()


FLOORS = ("requests", "pipeline", "writing", "pages")
"""Of the room of batches, from the ground up."""
ON_FLOORS = [path for path in FILES if path.parent.name in FLOORS and _room(name_of(path)) == "batches"]


@pytest.mark.parametrize("path", ON_FLOORS, ids=[name_of(path) for path in ON_FLOORS])
def test_a_floor_of_batches_knows_none_above_it(path: Path) -> None:
    above = FLOORS[FLOORS.index(path.parent.name) + 1 :]
    assert not [
        module for module in imports(path) if module.startswith(tuple(f"batchsite.batches.{f}." for f in above))
    ]


def test_nobody_imports_the_sandbox() -> None:
    """It is a process of its own: shared code would hide a shared mistake."""
    outsiders = [path for path in FILES if _room(name_of(path)) != "sandbox"]
    assert [name_of(path) for path in outsiders if "batchsite.sandbox" in set(imports(path))] == []


@pytest.mark.parametrize("room", sorted(OUTSIDE))
def test_the_client_and_the_sandbox_stand_without_django(room: str) -> None:
    used = {module.split(".")[0] for path in FILES if _room(name_of(path)) == room for module in imports(path)}
    assert used - set(sys.stdlib_module_names) - {"batchsite"} <= OUTSIDE[room]


TRANSLATORS = [path for path in FILES if path.stem.startswith("views") or path.stem in {"tasks", "dashboard"}]


@pytest.mark.parametrize("path", TRANSLATORS, ids=[name_of(path) for path in TRANSLATORS])
def test_views_and_tasks_only_translate(path: Path) -> None:
    """They neither call xAI nor open transactions: the functions that they call do."""
    modules = set(imports(path))
    assert not {module for module in modules if module.startswith(("batchsite.xai", "httpx"))}
    assert not modules & {"django.db.transaction", "django.db.connection"}


def test_every_room_has_its_arrows() -> None:
    assert {_room(name) for name in NAMES} - {""} == set(MAY_IMPORT)
