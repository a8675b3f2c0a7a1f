"""Videos, which an installation offers by a setting: made in batches, fetched in time, played and taken home."""

from __future__ import annotations

import contextlib
import csv
import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.drafts import draft_store
from batchsite.gallery import harvest, picture_fetch
from batchsite.gallery.models import GeneratedPicture, Harvest
from batchsite.options import OptionError, read
from batchsite.pricing.model_prices import prices_for
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission.extra_answers import short_fingerprint
from batchsite.teams.models import Team, User
from batchsite.xai.result_page import read_raw_row
from tests.clock import wait_until
from tests.cuts import Guillotine
from tests.factories import make_dataset, make_team
from tests.gallery.stories import bring_home, drawn
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
MODEL = "grok-imagine-video"
EACH = 500_000_000


@pytest.fixture
def offered(settings: Any) -> Any:
    settings.OPTIONS = replace(settings.OPTIONS, xai_videos=(f"{MODEL}=0.05",))
    return settings


def filmed(team: Team, rows: int = 3, **fields: Any) -> Batch:
    return drawn(team, rows, **{"model": MODEL, "prompt": "A film of {{animal}}", **fields})


@pytest.mark.usefixtures("offered")
def test_every_row_has_its_video_and_is_billed_as_it_was_estimated(team: Team, sandbox: Sandbox) -> None:
    batch = drive(filmed(team))

    check_books(batch, sandbox)
    assert batch.cost_ticks == 3 * EACH == (batch.estimate or {})["likely"]
    assert "3 videos at $0.0500 each" in (batch.estimate or {})["basis"]
    assert batch.request_kind == "video_generation"
    assert Result.objects.get(batch=batch, row=1).answer == "1 video"
    videos = bring_home(batch)
    assert [(one.row, one.number, one.state, one.mime) for one in videos] == [
        (row, 1, "kept", "video/mp4") for row in (1, 2, 3)
    ]
    assert videos[0].filename == "animals-row-1-1.mp4"
    assert len({one.file.read() for one in videos}) == 3


@pytest.mark.usefixtures("offered")
def test_nothing_is_sent_but_what_is_known_to_be_taken(team: Team, sandbox: Sandbox) -> None:
    request = recipe_of(filmed(team, 1)).request(1, ["cat 1"])
    assert request["batch_request"] == {"video_generation": {"model": MODEL, "prompt": "A film of cat 1"}}


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("n", {"params": {"n": 2}}),
        ("system_prompt", {"system_prompt": "Be short."}),
        ("picture_column", {"picture_column": "animal"}),
        ("model", {"runs_live": True}),
        ("tools", {"tools": {"web_search": {}}}),
    ],
)
def test_what_a_video_does_not_take_is_said_where_it_stands(name: str, fields: dict[str, Any], team: Team) -> None:
    batch = draft_store.new_draft(team, None, make_dataset(team, ["animal"], [["cat"]]))
    for field, value in {"prompt": "A film", "model": MODEL, **fields}.items():
        setattr(batch, field, value)
    [problem] = draft_store.problems_of(batch)[name]
    assert f"{MODEL} makes videos" in problem


def test_without_the_setting_no_video_can_be_chosen_or_sent(team: Team) -> None:
    assert not [price for price in prices_for(team) if "video" in price.model]
    batch = draft_store.new_draft(team, None, make_dataset(team, ["animal"], [["cat"]]))
    batch.prompt, batch.model = "A film", MODEL
    batch.save()
    [problem] = draft_store.problems_of(batch)["model"]
    assert "this installation does not offer them (XAI_VIDEOS)" in problem
    assert draft_store.problems_of(replace_live(batch))["model"]
    assert draft_store.estimate_of(batch) is None


def replace_live(batch: Batch) -> Batch:
    batch.runs_live = not batch.runs_live
    return batch


@pytest.mark.parametrize("value", ["grok-imagine-video", "grok-imagine-video=", "grok-4.3=1", "grok-imagine-video=-1"])
def test_a_setting_that_names_no_price_is_refused_with_how_to_write_it(value: str) -> None:
    with pytest.raises(OptionError, match=r"XAI_VIDEOS must be like grok-imagine-video=0\.05"):
        read({"XAI_VIDEOS": value})
    assert read({"XAI_VIDEOS": "grok-imagine-video=0.05, grok-imagine-video-2=1"}).video_prices == {
        "grok-imagine-video": EACH,
        "grok-imagine-video-2": 10**10,
    }


def test_what_xai_bills_counts_and_not_what_the_operator_thought(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_videos=(f"{MODEL}=0.01",))
    batch = drive(filmed(team))
    assert (batch.estimate or {})["likely"] == 300_000_000
    assert batch.cost_ticks == 3 * EACH
    check_books(batch, sandbox)


@pytest.mark.usefixtures("offered")
@pytest.mark.django_db(transaction=True)
def test_cut_at_every_boundary_no_video_is_lost(sandbox: Sandbox) -> None:
    def live(*cuts: int) -> Guillotine:
        sandbox.reset()
        batch, guillotine = drive(filmed(make_team(), 2)), Guillotine(*cuts)
        work = Harvest.objects.get(batch=batch)
        with guillotine.over_everything():
            for _ in range(60):
                with guillotine.to_the_end(), contextlib.suppress(Busy, LeaseLost):
                    work.refresh_from_db()
                    if work.next_look_at is None:
                        break
                    wait_until(work.next_look_at)
                    harvest.harvest_step(work.pk)
        videos = GeneratedPicture.objects.filter(batch=batch)
        assert [one.state for one in videos] == ["kept"] * 2
        assert len({one.file.read() for one in videos}) == 2
        check_books(batch, sandbox)
        return guillotine

    whole = live()
    assert whole.count > 8, whole.names
    for cut in whole.different_cuts():
        live(cut)


@pytest.mark.usefixtures("offered")
def test_an_address_that_died_is_read_again_and_nothing_is_billed_twice(team: Team, sandbox: Sandbox) -> None:
    batch = drive(filmed(team))
    sandbox.advance(4_000)
    assert {(one.state, one.rereads) for one in bring_home(batch)} == {("kept", 1)}
    check_books(batch, sandbox)


def test_an_answer_is_known_again_when_its_address_is_signed_anew() -> None:
    def row(address: str, model: str = MODEL) -> int:
        filmed = {"model": model, "video": {"url": address}}
        result = {"response": {"video_generation": filmed}}
        return short_fingerprint(read_raw_row({"batch_request_id": "a", "batch_result": result}))

    assert row("https://example.org/a?sig=1") == row("https://example.org/a?sig=2") != row("", "another")


@pytest.mark.usefixtures("offered")
def test_a_video_that_is_too_large_is_lost_and_says_so(team: Team, sandbox: Sandbox, monkeypatch: Any) -> None:
    monkeypatch.setattr(harvest, "VIDEO", picture_fetch.Most(1_000, 30, 2))
    videos = bring_home(drive(filmed(team, 2)))
    assert {one.state for one in videos} == {"lost"}
    assert all("1.0 kB, which is the limit" in one.problem for one in videos), [one.problem for one in videos]


# ---- pages ---------------------------------------------------------------------------------------------------


@pytest.fixture
def batch(team: Team, sandbox: Sandbox, offered: Any) -> Batch:
    done = drive(filmed(team, 3))
    bring_home(done)
    GeneratedPicture.objects.filter(batch=done, row=3).update(mime="", problem="It is neither an MP4 nor a WebM video.")
    return done


def test_players_load_nothing_by_themselves_and_what_is_no_video_has_none(
    batch: Batch, alice: User, client: Client
) -> None:
    client.force_login(alice)
    page = client.get(reverse("batch-pictures", args=[batch.pk])).content.decode()
    assert page.count("<video") == page.count('preload="none"') == 2
    assert "3 videos" in page
    assert "picture" not in page.split('id="pictures-title"')[1].split("</section>")[0].replace("/pictures", "")
    row = client.get(reverse("batch-row", args=[batch.pk, 3])).content.decode()
    assert "It is neither an MP4 nor a WebM video." in row
    assert client.get(reverse("batch-video", args=[batch.pk, 3, 1])).status_code == 404


def test_a_player_gets_the_parts_that_it_asks_for(batch: Batch, alice: User, charlie: User, client: Client) -> None:
    client.force_login(alice)
    video, address = GeneratedPicture.objects.get(batch=batch, row=1), reverse("batch-video", args=[batch.pk, 1, 1])
    data = video.file.read()

    def part(wanted: str = "") -> tuple[int, bytes, str]:
        answer: Any = client.get(address, headers={"range": wanted} if wanted else {})
        return answer.status_code, answer.getvalue(), answer.headers.get("Content-Range", "")

    whole: Any = client.get(address)
    assert (whole["Content-Type"], whole["X-Content-Type-Options"]) == ("video/mp4", "nosniff")
    assert whole["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert whole.getvalue() == data
    assert part("bytes=0-") == (200, data, "")
    assert part("bytes=10-19") == (206, data[10:20], f"bytes 10-19/{len(data)}")
    assert part("bytes=10-") == (206, data[10:], f"bytes 10-{len(data) - 1}/{len(data)}")
    assert part("bytes=-5") == (206, data[-5:], f"bytes {len(data) - 5}-{len(data) - 1}/{len(data)}")
    assert part(f"bytes={len(data)}-") == (416, b"", f"bytes */{len(data)}")
    assert part("bytes=5-4")[0] == 416
    assert part("bytes=0-1,4-5") == part("lines=1-2") == (200, data, "")
    client.force_login(charlie)
    assert client.get(address).status_code == 404


def test_the_zip_holds_the_videos_and_a_manifest(batch: Batch, alice: User, client: Client) -> None:
    client.force_login(alice)
    answer: Any = client.get(reverse("batch-pictures-zip", args=[batch.pk]))
    assert 'filename="animals-videos.zip"' in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        manifest = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        sizes = [len(archive.read(line["file"])) for line in manifest]
    assert [line["file"] for line in manifest][:2] == ["animals-row-1-1.mp4", "animals-row-2-1.mp4"]
    assert sizes == [int(line["bytes"]) for line in manifest]
    assert manifest[0]["prompt"] == "A film of cat 1"
