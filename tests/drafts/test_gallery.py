"""Starting prompts ask which column and which labels, and what they make can be sent as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.drafts.starter_prompts import STARTERS
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


@pytest.fixture
def site(alice: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(alice)


def draft_of(team: Team, alice: User, table: str = "tickets") -> Batch:
    return draft_store.new_draft(team, alice, make_dataset(team, *TABLES[table]))


def answered(site: Client, draft: Batch, name: str, **answers: Any) -> Any:
    answer = site.post(reverse("batch-starter", args=[draft.pk, name]), answers)
    draft.refresh_from_db()
    return answer


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_starter_makes_can_be_sent(name: str, table: str, team: Team, alice: User, site: Client) -> None:
    draft = draft_of(team, alice, table)
    column = draft.dataset.columns[-1]
    page = site.get(reverse("batch-starter", args=[draft.pk, name])).content.decode()
    assert "which column?" in page
    own = {"labels_from": "", "labels": "a\r\nb\n\na"} if name == "classify" else {}
    answered(site, draft, name, column=column, language="Welsh", **own)
    assert f"<text>\n{{{{{column}}}}}\n</text>" in draft.prompt
    assert draft_store.problems_of(draft) == {}
    assert draft_store.used_columns(draft) == (len(draft.dataset.columns) - 1,)


def test_the_column_with_the_longest_texts_is_offered_first(team: Team, alice: User, site: Client) -> None:
    page = site.get(reverse("batch-starter", args=[draft_of(team, alice).pk, "classify"])).content.decode()
    assert '<option value="the message" selected>' in page
    assert "The 2 values of the column “priority”" in page
    assert "Into which language?" not in page


def test_labels_are_those_of_a_column_or_typed(team: Team, alice: User, site: Client) -> None:
    draft = draft_of(team, alice)
    answered(site, draft, "classify", column="the message", labels_from="priority")
    assert draft.shape
    [field] = draft.shape["fields"]
    assert (field["name"], field["values"]) == ("label", ["high", "low"])


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"column": "nope", "labels_from": "priority"}, "Choose one of the columns."),
        ({"column": "id", "labels_from": "", "labels": "one"}, "Enter at least two labels"),
        ({"column": "id", "labels_from": "id"}, "Select a valid choice"),
        ({"column": "id", "labels_from": "", "labels": "x" * 1000 + "\ny"}, "A label has at most"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(
    answers: dict[str, str], words: str, team: Team, alice: User, site: Client
) -> None:
    draft = draft_of(team, alice)
    answer = answered(site, draft, "classify", **answers)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert draft.prompt == ""


def test_a_prompt_that_is_there_meanwhile_stays(team: Team, alice: User, site: Client) -> None:
    draft = draft_of(team, alice)
    draft_store.save(draft, {"prompt": "Mine {{id}}"})
    answer = answered(site, draft, "summarize", column="id")
    assert answer["Location"] == reverse("batch-edit", args=[draft.pk]) + "#prompt-step"
    assert draft.prompt == "Mine {{id}}"


def test_there_is_no_other_starter(team: Team, alice: User, site: Client) -> None:
    draft = draft_of(team, alice)
    assert site.get(reverse("batch-starter", args=[draft.pk, "nonsense"])).status_code == 404
