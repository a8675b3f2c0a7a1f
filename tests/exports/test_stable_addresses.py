"""A finished batch's file has an address that stays the same, is not sent twice to who has it, and can be shared."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.exports import export_build
from batchsite.exports.models import Export, ShareLink
from batchsite.results import judgements
from batchsite.teams.models import Membership, Team, User
from tests.submission.stories import a_running_batch, an_ended_batch

Browser = Callable[[User], Client]


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    return an_ended_batch(team, alice, failed=2, name="sorting")


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "xlsx", "parquet"])
def test_the_file_has_a_stable_address_in_every_form(ending: str, batch: Batch, site: Client) -> None:
    address = f"/batches/{batch.pk}/results.{ending}"
    first = site.get(address)
    assert first.status_code == 200
    assert f"sorting-{batch.pk}.{ending}" in first["Content-Disposition"]
    assert site.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert site.get(address, headers={"If-Modified-Since": first["Last-Modified"]}).status_code == 304
    Batch.objects.filter(pk=batch.pk).update(succeeded=19, failed=1)
    assert site.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert site.get(f"/batches/{batch.pk}/results.doc").status_code == 404


def test_while_it_runs_it_has_no_mark(team: Team, alice: User, site: Client) -> None:
    running = a_running_batch(team, alice)
    answer = site.get(f"/batches/{running.pk}/results.csv")
    assert answer["X-Incomplete"] == "true"
    assert "ETag" not in answer


@pytest.mark.databases
def test_rows_and_columns_are_chosen_in_the_address(batch: Batch, site: Client) -> None:
    query = "rows=failed&ranges=1-19&column=text&column=error"
    found = rows_of(site.get(f"/batches/{batch.pk}/results.csv?{query}"))
    assert found == [{"text": "Question 19", "error": "Content violates usage guidelines."}]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("ranges=1-900", "the dataset has rows 1 to 20"),
        ("ranges=x", "is not a row"),
        ("column=nothing", "doesn’t have that column: nothing"),
    ],
)
def test_what_cannot_be_chosen_is_said_before_the_first_byte(
    query: str, words: str, batch: Batch, site: Client
) -> None:
    answer = site.get(f"/batches/{batch.pk}/results.csv?{query}")
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_others_do_not_find_it(batch: Batch, charlie: User, client_of: Browser) -> None:
    assert client_of(charlie).get(f"/batches/{batch.pk}/results.csv").status_code == 404
    assert Client().get(f"/batches/{batch.pk}/results.csv").status_code == 302


# ---- signed links --------------------------------------------------------------------------------------------


@pytest.fixture
def link(batch: Batch, site: Client) -> str:
    page = site.get(f"/batches/{batch.pk}/download?form=csv&rows=failed&link=1").content.decode()
    assert "Whoever has it can fetch the file" in page
    return made(site, batch, "form=csv&rows=failed&link=1")


def made(site: Client, batch: Batch, query: str, **fields: str) -> str:
    """Returns the path of a new link."""
    page = site.post(f"/batches/{batch.pk}/links", {"query": query, "days": "7", **fields}).content.decode()
    return page.split('id="shared-link" value="http://testserver')[1].split('"')[0]


def test_a_link_needs_no_sign_in_and_gives_that_choice_alone(link: str, batch: Batch) -> None:
    answer = Client().get(link)
    assert [row["text"] for row in rows_of(answer)] == ["Question 19", "Question 20"]
    assert Client().get(link, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert Client().get(link + "?rows=all").status_code == 200
    assert len(rows_of(Client().get(link + "?rows=all"))) == 2


ENDS = [
    "changed",
    "out of date",
    "revoked by a colleague",
    "its creator left",
    "its creator was deactivated",
    "the batch was deleted",
]


@pytest.mark.databases
@pytest.mark.parametrize("end", ENDS)
def test_a_link_is_void_when(end: str, link: str, batch: Batch, alice: User, bob: User, client_of: Browser) -> None:
    if end == "changed":
        link = link.replace("/shared/", "/shared/x")
    elif end == "out of date":
        ShareLink.objects.update(expires_at=timezone.now())
    elif end == "revoked by a colleague":
        client_of(bob).post(f"/batches/{batch.pk}/links/{ShareLink.objects.get().pk}/revoke")
    elif end == "its creator left":
        Membership.objects.filter(user=alice).delete()
    elif end == "its creator was deactivated":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    else:
        Batch.objects.update(deleted_at=batch.ended_at)
    answer = Client().get(link)
    assert answer.status_code == 410
    assert "This link no longer works" in answer.content.decode()


def test_a_big_file_behind_a_link_is_asked_for_again(
    batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_build, "AT_ONCE", 5)
    link = made(site, batch, "form=parquet")
    waiting = Client().get(link)
    assert (waiting.status_code, waiting["Retry-After"]) == (202, "15")
    export_build.build_step(Export.objects.get().pk)
    assert Client().get(link).status_code == 200


@pytest.mark.databases
def test_the_links_of_a_batch_are_listed_with_who_made_them_and_never_with_their_token(
    link: str, batch: Batch, bob: User, charlie: User, client_of: Browser
) -> None:
    address = f"/batches/{batch.pk}/links"
    page = client_of(bob).get(address).content.decode()
    assert "Alice" in page
    assert "never opened" in page
    assert link.split("/shared/")[1].split("/")[0] not in page
    Client().get(link)
    assert "last opened" in client_of(bob).get(address).content.decode()
    pk = ShareLink.objects.get().pk
    assert client_of(charlie).get(address).status_code == 404
    assert client_of(charlie).post(f"{address}/{pk}/revoke").status_code == 404
    assert client_of(bob).post(f"{address}/{pk}/revoke", follow=True).status_code == 200
    assert "No shared links to this batch." in client_of(bob).get(address).content.decode()


@pytest.mark.databases
@pytest.mark.parametrize("query", ["form=csv", "form=jsonl&column=text&column=comment", "form=xlsx"])
def test_what_reviewers_commented_is_in_a_file_by_link_only_where_that_was_chosen(
    query: str, batch: Batch, alice: User, site: Client
) -> None:
    judgements.correct(batch, 1, alice, verdict="bad", corrected={}, comment="Rude customer")
    without, with_comments = made(site, batch, query), made(site, batch, query, with_comments="on")
    assert b"Rude customer" not in _all_of(Client().get(without))
    assert b"Rude customer" in _all_of(Client().get(with_comments))


def _all_of(answer: Any) -> bytes:
    body = b"".join(answer.streaming_content)
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return b"".join(book.read(name) for name in book.namelist())


@pytest.mark.databases
@pytest.mark.parametrize(
    "fields", [{"query": "form=none"}, {"query": ""}, {"days": "3650"}, {"query": "form=csv&ranges=x"}]
)
def test_a_link_that_makes_no_sense_is_not_made(fields: dict[str, str], batch: Batch, site: Client) -> None:
    answer = site.post(f"/batches/{batch.pk}/links", {"query": "form=csv", "days": "7", **fields})
    assert (answer.status_code, ShareLink.objects.count()) == (422, 0)
