"""Starting prompts fit the columns at hand, and what they make can be sent as it stands."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from batchsite.datasets.models import Dataset
from batchsite.drafts import draft_store, saved_prompts
from batchsite.drafts.starter_prompts import STARTERS, made
from batchsite.teams.models import Team, User
from tests.factories import make_dataset

NAMES = [starter.name for starter in STARTERS]
TICKETS = [[str(number), "high" if number % 3 else "low", f"My card number {number} is lost"] for number in range(60)]
TABLES = {
    "tickets": (["id", "priority", "the message"], TICKETS),
    "one column": (["text"], [["Hello"], ["World"]]),
    "nothing in it": (["a", "b"], [["", ""]]),
    "odd names": (["naïve }} one", "<b>"], [["x" * 40, "1"], ["y" * 30, "2"]]),
}


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_starter_makes_can_be_sent(name: str, table: str, team: Team, alice: User) -> None:
    columns, rows = TABLES[table]
    batch = draft_store.new_draft(team, alice, make_dataset(team, columns, rows))
    contents = made(name, batch.dataset)
    assert contents
    saved_prompts.fill(batch, contents)
    assert draft_store.problems_of(batch) == {}
    assert draft_store.used_columns(batch)


def tickets(team: Team) -> Dataset:
    return make_dataset(team, *TABLES["tickets"])


@pytest.mark.parametrize("name", NAMES)
def test_the_column_with_the_longest_texts_is_what_it_is_about(name: str, team: Team) -> None:
    contents = made(name, tickets(team))
    assert contents
    assert "<text>\n{{the message}}\n</text>" in contents.text


def test_to_classify_takes_the_labels_that_are_there(team: Team) -> None:
    contents = made("classify", tickets(team))
    assert contents
    assert contents.shape
    [field] = contents.shape["fields"]
    assert (field["name"], field["values"]) == ("priority", ["high", "low"])


def test_there_is_no_other_starter(team: Team) -> None:
    assert made("nonsense", tickets(team)) is None
    assert made("judge", make_dataset(team, [], [])) is None
