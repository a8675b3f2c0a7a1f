"""A batch again: everything copied into a draft, the rest of its dataset, or what is new in a newer one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from batchsite.batches.models import Batch, Renewal
from batchsite.batches.tags import annotate
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import duplicates, new_rows
from batchsite.drafts.new_rows import new_rows as find_new_rows
from batchsite.drafts.new_rows import renew_step
from batchsite.recipes.row_set import RowSet
from batchsite.teams.models import Team, User
from tests.factories import make_dataset

pytestmark = pytest.mark.databases

ClientOf = Callable[[User], Client]
HTMX: Any = {"HX-Request": "true"}


def _rows(*texts: str) -> list[list[str]]:
    return [[str(number), text] for number, text in enumerate(texts, 1)]


@pytest.fixture
def batch(team: Team) -> Batch:
    dataset = make_dataset(team, ["id", "text"], _rows(*"abcdefgh"), name="letters")
    fields: dict[str, Any] = {
        "prompt": "Say {{text}}",
        "system_prompt": "Be brief.",
        "model": "grok-4.3",
        "params": {"temperature": 0.2},
        "shape": {"fields": [{"name": "label", "type": "text"}]},
        "examples": [{"user": "{{text}}", "assistant": "A"}],
        "id_column": "id",
        "row_limit": 3,
        "skip_empty": True,
        "notes": "Its own.",
    }
    made = Batch.objects.create(team=team, dataset=dataset, name="letters", state="completed", total=3, **fields)
    annotate(made.pk, made.notes, ["q4"], None)
    made.refresh_from_db()
    return made


def draft_of(response: Any) -> Batch:
    return Batch.objects.get(pk=int(response["Location"].split("/")[2]))


def test_a_draft_has_everything_that_makes_a_batch(batch: Batch, alice: User, client_of: ClientOf) -> None:
    client = client_of(alice)
    page = client.get(f"/batches/{batch.pk}/again").content.decode()
    assert "The same 3 rows" in page
    draft = draft_of(client.post(f"/batches/{batch.pk}/again", {"what": "same"}))
    for name in duplicates.COPIED:
        assert getattr(draft, name) == getattr(batch, name), name
    assert (draft.name, draft.state, draft.created_by, draft.tags) == ("letters, again", "draft", alice, ["q4"])
    assert (draft.notes, draft.total, draft.succeeded) == ("", 0, 0)
    assert client.get(f"/batches/{draft.pk}/edit").status_code == 200
    draft.params["temperature"] = 1
    draft.save()
    batch.refresh_from_db()
    assert batch.params == {"temperature": 0.2}


def test_the_rest_is_run_after_the_first_rows(batch: Batch, alice: User, client_of: ClientOf) -> None:
    client = client_of(alice)
    assert "5 rows" in client.get(f"/batches/{batch.pk}/again").content.decode()
    draft = draft_of(client.post(f"/batches/{batch.pk}/again", {"what": "rest"}))
    assert (draft.ranges, draft.row_limit, draft.name) == ([[4, 8]], None, "letters, the rest")
    assert list(draft.rows) == [4, 5, 6, 7, 8]


def test_a_batch_over_all_rows_has_no_rest(batch: Batch, alice: User, client_of: ClientOf) -> None:
    Batch.objects.filter(pk=batch.pk).update(total=8, row_limit=None)
    assert "The rest of" not in client_of(alice).get(f"/batches/{batch.pk}/again").content.decode()


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=8))
def test_the_rest_and_the_batch_together_are_the_dataset(pairs: list[tuple[int, int]]) -> None:
    rows = RowSet((first, first + more) for first, more in pairs).within(1, 60)
    ranges = rows.as_lists()
    some = Batch(dataset=Dataset(row_count=60), ranges=ranges or None, total=len(rows), state="completed")
    rest = duplicates.rest_of(some)
    assert sorted([*some.rows, *rest]) == list(range(1, 61))


# ---- new rows of a newer dataset -----------------------------------------------------------------------------


def test_new_rows_are_those_whose_cells_are_not_in_the_older_one(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    older = make_dataset(team, ["id", "text"], [["1", "a"], ["2", "b"], ["3", "c"]])
    rows = [["x", "1", "a"], ["y", "2", "B"], ["z", "3", "c"], ["q", "4", "d"], ["r", "4", "d"]]
    newer = make_dataset(team, ["note", "id", "text"], rows)
    assert find_new_rows(older, newer).as_lists() == [[2, 2], [4, 5]]
    monkeypatch.setattr(new_rows, "ROWS_AT_ONCE", 1)  # gone through three times
    monkeypatch.setattr(new_rows, "PROGRESS_ROWS", 4)
    beats: list[int] = []
    assert find_new_rows(older, newer, beats.append).as_lists() == [[2, 2], [4, 5]]
    assert beats == [4, 8, 12, 16, 20, 24]


def test_tables_without_a_common_column_cannot_be_compared(team: Team) -> None:
    with pytest.raises(ValueError, match="no column in common"):
        find_new_rows(make_dataset(team, ["a"], [["1"]]), make_dataset(team, ["b"], [["1"]]))


def test_too_many_places_are_said(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_rows, "MOST_SPANS", 1)
    older = make_dataset(team, ["text"], [["a"]])
    with pytest.raises(ValueError, match="Sort the file"):
        find_new_rows(older, make_dataset(team, ["text"], [["b"], ["a"], ["c"]]))


def test_they_are_looked_for_by_a_worker_and_become_a_draft(
    batch: Batch, team: Team, alice: User, client_of: ClientOf
) -> None:
    newer = make_dataset(team, ["id", "text"], [*_rows(*"abcdefgh"), ["9", "i"], ["10", "j"]], name="more letters")
    client, address = client_of(alice), f"/batches/{batch.pk}/new-rows/{newer.pk}"
    assert "Looking" in client.get(address).content.decode()
    renew_step(Renewal.objects.get().pk)
    part = client.get(address, headers=HTMX).content.decode()
    assert "2 of 10 rows are new" in part
    assert "hx-get" not in part
    draft = draft_of(client.post(address))
    assert (draft.dataset, draft.ranges, draft.name) == (newer, [[9, 10]], "letters, new rows")
    assert draft.prompt == batch.prompt


def test_where_nothing_is_new_it_says_so(batch: Batch, team: Team, alice: User, client_of: ClientOf) -> None:
    newer = make_dataset(team, ["id", "text"], _rows(*"abc"))
    client, address = client_of(alice), f"/batches/{batch.pk}/new-rows/{newer.pk}"
    client.get(address)
    renew_step(Renewal.objects.get().pk)
    assert "No new rows" in client.get(address).content.decode()
    assert "No new rows" in client.post(address).content.decode()


def test_a_dataset_that_is_read_again_is_looked_through_again(
    batch: Batch, team: Team, alice: User, client_of: ClientOf
) -> None:
    newer = make_dataset(team, ["id", "text"], _rows(*"abcdefghi"), replaces=batch.dataset)
    client, address = client_of(alice), f"/batches/{batch.pk}/new-rows/{newer.pk}"
    client.get(address)
    renew_step(Renewal.objects.get().pk)
    assert "1 of 9 rows is new" in client.get(address).content.decode()
    again_read = make_dataset(team, ["id", "text"], _rows(*"xyz"))
    newer.blocks.all().delete()
    again_read.blocks.update(dataset=newer)
    Dataset.objects.filter(pk=newer.pk).update(row_count=3)
    assert "Looking" in client.get(address).content.decode()
    assert "Looking" in client.post(address).content.decode(), "nothing old becomes a draft"
    renew_step(Renewal.objects.get().pk)
    assert "3 of 3 rows are new" in client.get(address).content.decode()


# ---- which one is newer --------------------------------------------------------------------------------------


def test_the_newest_version_that_can_be_used_is_offered(batch: Batch, team: Team, charlie: User) -> None:
    first = batch.dataset
    assert duplicates.newer_of(first) is None
    second = make_dataset(team, name="second", replaces=first)
    make_dataset(team, name="refused", replaces=first, state=DatasetState.REFUSED)
    assert duplicates.newer_of(first) == second, "a later one that could not be read is none"
    third = make_dataset(team, name="third", replaces=second)
    make_dataset(team, name="being read", replaces=third, state=DatasetState.IMPORTING)
    make_dataset(charlie.teams.get(), replaces=third)
    assert duplicates.newer_of(first) == third
    Dataset.objects.filter(pk=second.pk).update(deleted_at=timezone.now())
    assert duplicates.newer_of(first) == third, "what stood in between is gone, and the chain holds"
    Dataset.objects.filter(pk=third.pk).update(deleted_at=timezone.now())
    assert duplicates.newer_of(first) is None


def test_a_ring_of_versions_ends(batch: Batch, team: Team) -> None:
    second = make_dataset(team, replaces=batch.dataset)
    Dataset.objects.filter(pk=batch.dataset_id).update(replaces=second)
    assert duplicates.newer_of(batch.dataset) == second


def test_from_the_question_to_the_draft_over_the_new_rows(
    batch: Batch, team: Team, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    newer = make_dataset(team, ["text", "id"], [["new", "0"], *([text, n] for n, text in _rows(*"abcdefgh"))])
    Dataset.objects.filter(pk=newer.pk).update(replaces=batch.dataset)
    page = client.get(f"/batches/{batch.pk}/again").content.decode()
    assert "Only new rows of" in page
    answer = client.post(f"/batches/{batch.pk}/again", {"what": "new"})
    assert answer["Location"] == f"/batches/{batch.pk}/new-rows/{newer.pk}"
    client.get(answer["Location"])
    renew_step(Renewal.objects.get().pk)
    draft = draft_of(client.post(answer["Location"]))
    assert (draft.dataset, [*draft.rows]) == (newer, [1])


def test_nobody_repeats_the_batches_of_others(
    batch: Batch, team: Team, alice: User, charlie: User, client_of: ClientOf
) -> None:
    client = client_of(charlie)
    assert client.get(f"/batches/{batch.pk}/again").status_code == 404
    assert client.post(f"/batches/{batch.pk}/again", {"what": "same"}).status_code == 404
    theirs = make_dataset(charlie.teams.get())
    assert client_of(alice).get(f"/batches/{batch.pk}/new-rows/{theirs.pk}").status_code == 404


def test_a_draft_is_not_repeated_but_written_on(batch: Batch, alice: User, client_of: ClientOf) -> None:
    Batch.objects.filter(pk=batch.pk).update(state="draft")
    assert client_of(alice).get(f"/batches/{batch.pk}/again")["Location"] == f"/batches/{batch.pk}/edit"


def test_a_dataset_that_is_gone_is_said(batch: Batch, alice: User, client_of: ClientOf) -> None:
    Dataset.objects.update(deleted_at=batch.created_at)
    page = client_of(alice).post(f"/batches/{batch.pk}/again", {"what": "same"}, follow=True).content.decode()
    assert "has been deleted" in page
