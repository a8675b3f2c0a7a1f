"""Everything that a team owns in one zip: whole, with a manifest that proves it, whichever worker dies meanwhile."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.audit.models import AuditEvent
from batchsite.batches.models import Batch, DailySpend
from batchsite.datasets.models import Dataset
from batchsite.gallery.models import GeneratedPicture
from batchsite.processes.leases import LeaseLost
from batchsite.prompts.models import Prompt
from batchsite.results.models import Judgement
from batchsite.takeout import contents, takeout_steps, zip_parts
from batchsite.takeout.contents import Place
from batchsite.takeout.management.commands import exportteam
from batchsite.takeout.models import Takeout
from batchsite.teams.models import ProviderKey, Role, Team, User
from tests.factories import make_dataset, make_member, make_team
from tests.submission.stories import a_draft, an_ended_batch

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]


@pytest.fixture
def owned(team: Team, alice: User) -> Team:
    """One of everything, and somebody else's."""
    batch = an_ended_batch(team, alice, rows=3, failed=1)
    batch.dataset.filename = "../../odd: name.csv"
    batch.dataset.file.save("questions.csv", ContentFile(b"id,text\r\n1,=1+1\r\n"))
    a_draft(team, alice, batch.dataset, name="../../etc/passwd")
    Judgement.objects.create(batch=batch, row=1, verdict="good", comment="Fine", by=alice)
    picture = GeneratedPicture(batch=batch, request_id="p-1", row=1, number=1, state="kept", mime="image/png", size=4)
    picture.file.save("p.png", ContentFile(b"\x89PNG"))
    prompt = Prompt.objects.create(team=team, name="Sort")
    prompt.versions.create(number=1, text="Sort {{text}}", created_by=alice)
    ProviderKey.objects.create(team=team, secret=b"xai-very-secret", hint="cret")
    an_ended_batch(make_team(), rows=2, name="Of others")
    return team


def build(takeout: Takeout) -> Takeout:
    for _ in range(20):
        takeout_steps.build_step(takeout.pk)
        takeout.refresh_from_db()
        if not takeout.is_building:
            break
    return takeout


def files_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(takeout: Takeout) -> dict[str, bytes]:
    data = b"".join(takeout_steps.pieces_of(takeout))
    assert len(data) == takeout.size
    return files_of(data)


def proven(files: dict[str, bytes]) -> dict[str, Any]:
    """The manifest, after it was compared with the files."""
    manifest: dict[str, Any] = json.loads(files["manifest.json"])
    listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    rest = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    del rest["manifest.json"]
    assert listed == rest
    assert manifest["file_count"] == len(rest)
    return manifest


@pytest.mark.databases
def test_all_of_it_is_there_and_nothing_secret_or_of_others(owned: Team, alice: User) -> None:
    files = zipped(build(takeout_steps.ask(owned, alice)))
    proven(files)
    endings = sorted(name.split("/", 2)[-1] for name in files if name.count("/") > 1)
    batches = ["batch.json", "timeline.jsonl"] * 2 + ["results.jsonl", "judgements.jsonl", "pictures/p-1-1.png"]
    assert endings == sorted([*batches, "dataset.json", "original/_.._odd_ name.csv", "rows.csv"])
    results = next(data for name, data in files.items() if name.endswith("results.jsonl")).splitlines()
    assert [json.loads(line)["state"] for line in results] == ["succeeded", "succeeded", "failed"]
    people = json.loads(files["team.json"])["people"]
    assert (alice.email, "owner") in {(one["email"], one["role"]) for one in people}
    ledger = list(csv.DictReader(io.StringIO(files["ledger.csv"].decode("utf-8-sig"))))
    billed = DailySpend.objects.filter(team=owned).values_list("ticks", flat=True)
    assert sum(int(one["ticks"]) for one in ledger) == sum(billed)
    everything = b"".join(files.values())
    assert b"very-secret" not in everything
    assert b"Of others" not in everything
    assert not [name for name in files if ".." in name.split("/") or name.startswith("/")]


def test_a_worker_that_dies_anywhere_loses_the_thing_that_it_was_at(
    owned: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    takeout, real = takeout_steps.ask(owned, alice), zip_parts.write_part
    calls = iter(range(1000))

    def dies_now_and_then(path: Path, members: Any, beat: Any) -> Any:
        found = real(path, members, beat)
        if next(calls) % 2 == 0:
            raise LeaseLost(path.name)  # the file is there, and belongs to nobody
        return found

    monkeypatch.setattr(takeout_steps, "write_part", dies_now_and_then)
    for _ in range(30):
        try:
            takeout_steps.build_step(takeout.pk)
        except LeaseLost:
            Takeout.objects.filter(pk=takeout.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    takeout.refresh_from_db()
    assert takeout.ready_at
    proven(zipped(takeout))
    left = {path.name for path in takeout.folder.iterdir()}
    assert left == set(takeout.parts.values_list("filename", flat=True))


def test_whoever_lost_the_lease_adds_nothing(owned: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    takeout, real = takeout_steps.ask(owned, alice), zip_parts.write_part

    def overtaken(path: Path, members: Any, beat: Any) -> Any:
        Takeout.objects.filter(pk=takeout.pk).update(lease_token="another")
        return real(path, members, beat)

    monkeypatch.setattr(takeout_steps, "write_part", overtaken)
    with pytest.raises(LeaseLost):
        takeout_steps.build_step(takeout.pk)
    assert not takeout.parts.exists()


def test_where_the_disk_has_no_room_it_is_said_before_and_meanwhile(
    owned: Team, alice: User, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeout_steps, "free_bytes", lambda: 0)
    page = client_of(alice).post(reverse("takeout"), follow=True).content.decode()
    assert "can be used on the disk" in page
    assert not Takeout.objects.exists()
    monkeypatch.undo()
    takeout = takeout_steps.ask(owned, alice)
    monkeypatch.setattr(takeout_steps, "RESERVE", 10**18)
    build(takeout)
    assert "The disk is nearly full" in takeout.problem
    assert not takeout.folder.exists()


def test_owners_take_it_away_and_nobody_else(owned: Team, alice: User, client_of: Browser) -> None:
    site = client_of(alice)
    site.post(reverse("takeout"))
    site.post(reverse("takeout"))  # an impatient press
    takeout = build(Takeout.objects.get())
    answer: Any = site.get(reverse("takeout-file"))
    data = b"".join(answer.streaming_content)
    assert (len(data), answer["Content-Type"]) == (int(answer["Content-Length"]), "application/zip")
    proven(files_of(data))
    assert AuditEvent.objects.latest("pk").words == "Downloaded everything that the team owns"
    admin = client_of(make_member(owned, role=Role.ADMIN))
    assert [admin.get(reverse(name)).status_code for name in ("takeout", "takeout-file")] == [403, 403]
    folder = takeout.folder
    site.post(reverse("takeout-remove"))
    assert (Takeout.objects.count(), folder.exists()) == (0, False)
    assert site.get(reverse("takeout-file")).status_code == 404


def test_a_team_that_is_to_be_deleted_can_be_taken_along(owned: Team, alice: User, client_of: Browser) -> None:
    Team.objects.filter(pk=owned.pk).update(delete_at=timezone.now() + timedelta(days=3))
    client_of(alice).post(reverse("takeout"))
    assert Takeout.objects.get().is_building


def test_it_is_removed_after_a_week(owned: Team, alice: User) -> None:
    takeout = build(takeout_steps.ask(owned, alice))
    Takeout.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert [job.path for job in takeout_steps.due(timezone.now())] == ["batchsite.takeout.tasks.clear_old"]
    takeout_steps.clear_old()
    assert (Takeout.objects.count(), takeout.folder.exists()) == (0, False)


def test_the_command_writes_the_same_files_into_a_folder(owned: Team, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    call_command("exportteam", str(owned.pk), str(folder))
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    proven(files)
    assert set(zipped(build(takeout_steps.ask(owned, None)))) == set(files)
    with pytest.raises(CommandError, match="not empty"):
        call_command("exportteam", owned.name, str(folder))
    with pytest.raises(CommandError, match="There is no team 999"):
        call_command("exportteam", "999", str(tmp_path / "other"))


class Killed(BaseException):
    """No handler of errors runs, as after a `kill -9`."""


def test_the_command_goes_on_where_it_was_killed(
    owned: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_units: None
) -> None:
    real, folder, written = exportteam._write, tmp_path / "all", list[str]()

    def killed_now_and_then(place: Path, member: Any) -> Any:
        written.append(member.path)
        if len(written) % 5 == 4:
            (place / member.path).parent.mkdir(parents=True, exist_ok=True)
            (place / member.path).write_bytes(b"half of")
            with (place / exportteam.NOTES).open("ab") as notes:
                notes.write(b'{"kind":"batches","aft')
            raise Killed
        return real(place, member)

    monkeypatch.setattr(exportteam, "_write", killed_now_and_then)
    for _ in range(30):
        with contextlib.suppress(Killed):
            call_command("exportteam", str(owned.pk), str(folder))
            break
        with pytest.raises(CommandError, match="of another team"):
            call_command("exportteam", str(make_team().pk), str(folder))
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    proven(files)
    assert len(written) > len(files) + 3, "it was killed several times"
    assert len(written) < 2 * len(files), "and wrote again what it was at, no more"


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "ROWS", 2)
    monkeypatch.setattr(contents, "EVENTS", 2)


def test_a_big_table_is_several_files_and_a_worker_that_dies_loses_one(
    team: Team, alice: User, monkeypatch: pytest.MonkeyPatch, small_units: None
) -> None:
    """A unit of work ends after so many rows; before, a batch of eight million would have been cut by the queue."""
    batch = an_ended_batch(team, alice, rows=7)
    Batch.objects.filter(pk=batch.pk).update(ranges=[[1, 1], [3, 7]], total=6, succeeded=6)
    for number in range(5):
        AuditEvent.objects.create(team_id=team.pk, action="x", words=f"Event {number}", who="Alice")
    takeout, real, cut = takeout_steps.ask(team, alice), zip_parts.write_part, list[bool]()

    def dies_now_and_then(path: Path, members: Any, beat: Any) -> Any:
        found = real(path, members, beat)
        cut.append(len(cut) % 2 == 0)
        if cut[-1]:
            raise LeaseLost(path.name)
        return found

    monkeypatch.setattr(takeout_steps, "write_part", dies_now_and_then)
    for _ in range(40):
        with contextlib.suppress(LeaseLost):
            takeout_steps.build_step(takeout.pk)
        Takeout.objects.filter(pk=takeout.pk).update(lease_until=timezone.now() - timedelta(seconds=1), tries=0)
    takeout.refresh_from_db()
    assert takeout.things == takeout.total
    files = zipped(takeout)
    counts = {one["path"].rpartition("/")[2]: one["count"] for one in proven(files)["files"]}
    assert [counts[f"results-from-{row}.jsonl"] for row in (1, 4, 6)] == [2, 2, 2]
    assert [counts[f"rows-from-{row}.csv"] for row in (1, 3, 5, 7)] == [2, 2, 2, 1]
    results = [data.splitlines() for name, data in sorted(files.items()) if "/results-from" in name]
    rows = [list(batch.dataset.row(row)) for row in (1, 3, 4, 5, 6, 7)]
    told = [json.loads(line) for lines in results for line in lines]
    assert [[line[name] for name in batch.dataset.columns] for line in told] == rows
    happened = [csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))) for name in files if "audit" in name]
    words = [event["what"] for events in happened for event in events]
    assert [one for one in words if one.startswith("Event")] == [f"Event {number}" for number in range(5)]


def test_long_rows_make_more_files(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "BYTES", 1_000)
    dataset = make_dataset(team, rows=[[str(number), "x" * 100] for number in range(40)])
    Dataset.objects.filter(pk=dataset.pk).update(size=4_000)
    place, counted = Place(), list[int | None]()
    while unit := contents.next_of(team, "datasets", place, timezone.now()):
        place, members = unit
        counted += [member.count for member in members if member.path.endswith(".csv")]
    assert counted == [10, 10, 10, 10]


def test_a_batch_that_goes_in_the_middle_takes_nothing_else_along(team: Team, alice: User, small_units: None) -> None:
    gone, other = an_ended_batch(team, alice, rows=3), an_ended_batch(team, alice, rows=3)
    first = contents.next_of(team, "batches", Place(), timezone.now())
    assert first
    assert first[0] == Place(gone.pk, 2)
    Batch.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    second = contents.next_of(team, "batches", first[0], timezone.now())
    assert second
    assert second[0] == Place(other.pk, 2)
    assert second[1][0].path.endswith("/batch.json")


def test_a_file_is_written_some_rows_at_a_time(team: Team) -> None:
    dataset = make_dataset(team, rows=[[str(number), "x" * 50] for number in range(5_000)])
    thing = contents.next_of(team, "datasets", Place(), timezone.now())
    assert thing
    pieces = [len(piece) for member in thing[1] if member.path.endswith("rows.csv") for piece in member.pieces]
    assert dataset.row_count == 5_000
    assert max(pieces) < 100_000
    assert len(pieces) > 5
