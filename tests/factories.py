"""The people, teams and tables that tests are about. Plain functions: a test shows what matters to it."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from typing import Any

import orjson

from batchsite.datasets.models import BLOCK_ROWS, Block, Dataset, DatasetState
from batchsite.teams.models import Membership, Role, Team, User

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def make_user(name: str = "", email: str = "") -> User:
    """A person who signs in with `PASSWORD`."""
    number = next(_numbers)
    return User.objects.create_user(email or f"person{number}@example.org", PASSWORD, name or f"Person {number}")


def make_team(name: str = "") -> Team:
    """A team that nobody is in yet."""
    return Team.objects.create(name=name or f"Team {next(_numbers)}")


def make_member(team: Team, user: User | None = None, role: Role = Role.MEMBER) -> User:
    """`user`, or somebody new, as a member of `team`."""
    person = user or make_user()
    Membership.objects.create(team=team, user=person, role=role)
    return person


def make_dataset(
    team: Team,
    columns: Sequence[str] = ("id", "text"),
    rows: Sequence[Sequence[str]] = (("1", "Hello"), ("2", "Good bye")),
    **fields: Any,
) -> Dataset:
    """A table that is ready; `fields` overrides anything of it."""
    values: dict[str, Any] = {
        "name": "tickets",
        "filename": "tickets.csv",
        "state": DatasetState.READY,
        "encoding": "utf-8",
        "delimiter": ",",
        "columns": list(columns),
        "row_count": len(rows),
    }
    dataset = Dataset.objects.create(team=team, **{**values, **fields})
    blocks = [
        Block(dataset=dataset, first=start + 1, count=len(some), data=_packed(some))
        for start in range(0, len(rows), BLOCK_ROWS)
        if (some := rows[start : start + BLOCK_ROWS])
    ]
    Block.objects.bulk_create(blocks)
    return dataset


def _packed(rows: Sequence[Sequence[str]]) -> bytes:
    return zlib.compress(orjson.dumps([list(row) for row in rows]), 1)
