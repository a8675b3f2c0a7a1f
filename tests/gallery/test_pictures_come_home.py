"""Generated pictures are fetched within their hour, whoever dies, and what is lost is said."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from batchsite.batches.models import Result
from batchsite.drafts import draft_store
from batchsite.gallery import fresh_addresses, harvest
from batchsite.gallery.models import GeneratedPicture, Harvest, PictureState
from batchsite.gallery.picture_fetch import PICTURE
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.clock import wait_until
from tests.cuts import Guillotine
from tests.factories import make_dataset, make_team
from tests.gallery.stories import bring_home, drawn
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db


def test_every_picture_of_every_row_is_kept_and_billed_as_it_was_estimated(team: Team, sandbox: Sandbox) -> None:
    batch = drive(drawn(team, 5, params={"n": 2, "aspect_ratio": "16:9", "quality": "auto"}))

    check_books(batch, sandbox)
    assert batch.cost_ticks == 10 * 200_000_000 == (batch.estimate or {})["likely"]
    assert batch.request_kind == "image_generation"
    assert Result.objects.get(batch=batch, row=1).answer == "2 pictures"
    pictures = bring_home(batch)
    assert [(one.row, one.number) for one in pictures] == [(row, number) for row in range(1, 6) for number in (1, 2)]
    assert {one.state for one in pictures} == {PictureState.KEPT}
    assert pictures[0].filename == "animals-row-1-1.png"
    contents = [one.file.read() for one in pictures]
    assert len(set(contents)) == 10
    with Image.open(io.BytesIO(contents[0])) as picture:
        assert picture.size == (96, 54) == (pictures[0].width, pictures[0].height)


def test_what_cannot_be_edited_is_said_before_anything_is_sent(team: Team, sandbox: Sandbox) -> None:
    batch = drive(drawn(team, 1, prompt="Make it blue", picture_column="animal"), until="draft")

    assert "not the web address of a picture" in batch.problems[0]["message"]
    assert sandbox.billed() == 0


def test_a_picture_that_goes_in_is_billed_too(team: Team, sandbox: Sandbox) -> None:
    batch = draft_store.new_draft(team, None, make_dataset(team, ["photo"], [["https://example.org/a.png"]]))
    batch.prompt, batch.model, batch.picture_column, batch.name = "Blue", "grok-imagine-image", "photo", "Edit"
    batch.save()
    price = draft_store.estimate_of(batch)
    actions.start(batch, None, price)

    batch = drive(batch)

    check_books(batch, sandbox)
    assert price is not None
    assert batch.cost_ticks == 220_000_000 == price.likely
    assert batch.request_kind == "image_edit"
    assert [one.state for one in bring_home(batch)] == ["kept"]


@pytest.mark.django_db(transaction=True)
def test_cut_at_every_boundary_no_picture_is_lost(sandbox: Sandbox) -> None:
    """A worker dies before or after any commit, so with a file that its row does not know, too."""

    def live(*cuts: int) -> Guillotine:
        sandbox.reset()
        batch, guillotine = drive(drawn(make_team(), 2)), Guillotine(*cuts)
        work = Harvest.objects.get(batch=batch)
        with guillotine.over_everything():
            for _ in range(60):
                with guillotine.to_the_end(), contextlib.suppress(Busy, LeaseLost):
                    work.refresh_from_db()
                    if work.next_look_at is None:
                        break
                    wait_until(work.next_look_at)
                    harvest.harvest_step(work.pk)
        pictures = GeneratedPicture.objects.filter(batch=batch)
        assert [one.state for one in pictures] == [PictureState.KEPT] * 2
        assert len({one.file.read() for one in pictures}) == 2
        check_books(batch, sandbox)
        return guillotine

    whole = live()
    assert whole.count > 8, whole.names
    for cut in whole.different_cuts():
        live(cut)


def test_an_address_that_died_is_read_again_and_nothing_is_billed_twice(team: Team, sandbox: Sandbox) -> None:
    batch = drive(drawn(team, 12))
    sandbox.advance(4_000)

    pictures = bring_home(batch)

    assert {one.state for one in pictures} == {PictureState.KEPT}
    assert {one.rereads for one in pictures} == {1}
    check_books(batch, sandbox)


def test_a_picture_that_cannot_be_had_any_more_is_lost_and_says_why(team: Team, sandbox: Sandbox) -> None:
    batch = drive(drawn(team, 3))
    sandbox.set(media_ttl=0)
    sandbox.advance(4_000)

    pictures = bring_home(batch)

    assert {one.state for one in pictures} == {PictureState.LOST}
    assert all("expired" in one.problem for one in pictures)
    assert {one.rereads for one in pictures} == {fresh_addresses.MOST_REREADS}
    sandbox.set(media_ttl=3600)


def test_a_row_that_is_run_again_has_its_new_pictures(team: Team, sandbox: Sandbox) -> None:
    batch = drive(drawn(team, 2))
    first = {one.row: one.address for one in bring_home(batch)}
    actions.retry(batch, None, rows=[2], states=("succeeded",))

    drive(batch)

    second = {one.row: one.address for one in bring_home(batch)}
    assert second[1] == first[1]
    assert second[2] != first[2]
    check_books(batch, sandbox)


def _too_much(*_: Any) -> bytes:
    raise MemoryError


def test_pictures_that_take_more_memory_than_there_is_are_lost_by_row(
    team: Team, sandbox: Sandbox, monkeypatch: Any
) -> None:
    batch = drive(drawn(team, 3))
    monkeypatch.setattr(harvest, "fetch", _too_much)

    pictures = bring_home(batch)

    assert {(one.state, one.tries) for one in pictures} == {(PictureState.LOST, harvest.MOST_TRIES)}
    assert all("needs more memory than a process may use" in one.problem for one in pictures)


def test_pictures_that_end_their_process_are_lost_and_the_others_are_kept(team: Team, sandbox: Sandbox) -> None:
    batch = drive(drawn(team, PICTURE.at_once + 2))
    harvest.harvest_step(Harvest.objects.get(batch=batch).pk)
    GeneratedPicture.objects.filter(batch=batch).update(state=PictureState.WAITING)
    Harvest.objects.filter(batch=batch).update(tries=50, next_look_at=timezone.now())

    pictures = bring_home(batch)

    assert [one.state for one in pictures].count(PictureState.LOST) == PICTURE.at_once
    assert {one.problem for one in pictures} == {"", "Fetching it made a worker crash repeatedly."}


def test_results_that_cannot_be_looked_through_for_pictures_are_said_at_the_batch(
    team: Team, sandbox: Sandbox, monkeypatch: Any
) -> None:
    monkeypatch.setattr(harvest, "read_result", _too_much)
    batch = drive(drawn(team, 3))

    assert bring_home(batch) == []

    assert "Generated pictures were not fetched." in batch.events.get(kind="problem").text
