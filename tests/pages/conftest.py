from __future__ import annotations

import pytest

from batchsite.teams.models import Team, User
from tests.pages.doors import things_of


@pytest.fixture
def ours(team: Team, alice: User) -> dict[str, int]:
    """The ids of Alice's things, by the names that URLs give them."""
    return things_of(team, alice)
