"""The rows that a filter finds are taken home, exactly those, in every form and at stable addresses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode
from hypothesis import given
from hypothesis import strategies as st

from batchsite.batches.models import Batch, Result
from batchsite.exports import export_build, result_files, row_streams
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.results import filtered_rows, summaries
from batchsite.results.models import Codes, Judgement, Summary
from batchsite.results.row_filter import MEASURES, Between, RowFilter, filter_in, pairs_of, query_of
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.results.test_summary import work
from tests.submission.stories import a_running_batch, end, failure, receive

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late", "other"]}]}
ROWS = 60
EVEN, FAILED = range(2, ROWS + 1, 2), range(6, ROWS + 1, 6)


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    """Odd rows are answered `lost`, even ones `late`; every sixth failed, row 5 does not fit, row 7 was cut off."""
    rows = [[f"Question {number} about Zürich", "lost"] for number in range(1, ROWS + 1)]
    found = a_running_batch(team, alice, dataset=make_dataset(team, ["text", "wanted"], rows), shape=SHAPE)
    answers = {row: f'{{"intent": "{"late" if row in EVEN else "lost"}"}}' for row in range(1, ROWS + 1)}
    receive(found, {**answers, 5: '{"intent": "sad"}', **{row: failure("overloaded") for row in FAILED}})
    Result.objects.filter(batch=found, row=7).update(finish_reason="length")
    Judgement.objects.create(batch=found, row=8, verdict="bad")
    return end(found)


def taken(site: Client, batch: Batch, **asked: Any) -> list[int]:
    """The numbers of the rows in the CSV of a filter."""
    answer: Any = site.get(f"/batches/{batch.pk}/results.csv", {"rows": "filter", **asked})
    assert answer.status_code == 200, answer.content.decode()
    table = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode(), newline=""))
    return [int(row["text"].split()[1]) for row in table]


def shown(site: Client, batch: Batch, **asked: Any) -> list[int]:
    """The numbers of all rows that the page shows, page by page."""
    rows: list[int] = []
    page = site.get(reverse("batch", args=[batch.pk]), asked).context["page"]
    while True:
        rows += [line.row for line in page.lines]
        if page.next is None:
            return rows
        page = site.get(reverse("batch", args=[batch.pk]), {**asked, "after": str(page.next)}).context["page"]


FILTERS: list[tuple[dict[str, str], list[int]]] = [
    ({"state": "failed"}, [*FAILED]),
    ({"cause": "overloaded", "search": "question 1"}, [12, 18]),
    ({"f.intent": "late"}, [row for row in EVEN if row not in FAILED]),
    ({"finish": "length"}, [7]),
    ({"judged": "bad"}, [8]),
    ({"c.wanted": "lost", "state": "failed"}, [*FAILED]),
    ({"fit": "misfit"}, [5]),
    ({"search": "ZÜRICH", "f.intent": "late", "judged": "none", "ranges": "1-10"}, [2, 4, 10]),
    ({"agrees": "wrong", "ranges": "1-9"}, [2, 4, 5, 8]),
    ({"expected": "lost", "answered": "late", "ranges": "3-4, 60"}, [4]),
    ({"length-from": "19"}, []),
    ({"length-to": "17", "state": "succeeded"}, [5]),
    ({"state": "pending"}, []),
]


@pytest.mark.parametrize("summed", [True, False])
def test_the_file_holds_the_rows_that_the_page_shows(
    summed: bool, batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered_rows, "WINDOW", 7)
    monkeypatch.setattr(summaries, "SLICE", 10)
    Batch.objects.update(expected_column="wanted")
    batch.refresh_from_db()
    if summed:
        summaries.request(batch, summaries.summary_of(batch))
        work()
    assert [(asked, taken(site, batch, **asked)) for asked, _ in FILTERS] == FILTERS
    on_pages = [(asked, rows) for asked, rows in FILTERS if "ranges" not in asked]
    assert [(asked, shown(site, batch, **asked)) for asked, _ in on_pages] == on_pages


def link_to(site: Client, batch: Batch, **asked: str) -> str:
    """Makes a shared link. Returns its path."""
    fields = {"query": urlencode(asked), "days": "7"}
    page = site.post(reverse("batch-links", args=[batch.pk]), fields).content.decode()
    return page.split('id="shared-link" value="http://testserver')[1].split('"')[0]


ORDERS: list[tuple[dict[str, str], list[int]]] = [
    ({"state": "failed", "sort": "-row"}, [*FAILED][::-1]),
    ({"search": "question 1", "sort": "cost"}, [12, 18, 1, 10, 11, 13, 14, 15, 16, 17, 19]),
    ({"search": "question 1", "sort": "-cost", "ranges": "10-15"}, [15, 14, 13, 11, 10, 12]),
    ({"f.intent": "late", "sort": "-tokens", "ranges": "1-10"}, [10, 8, 4, 2]),
]


@pytest.mark.parametrize(("asked", "expected"), ORDERS)
def test_a_file_keeps_the_order_of_the_table(
    asked: dict[str, str], expected: list[int], batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_streams, "MOST_ORDERED", 3)
    monkeypatch.setattr(row_streams, "GROUP", 2)
    for row in range(1, ROWS + 1):
        Result.objects.filter(batch=batch, row=row).exclude(state="failed").update(
            cost_ticks=row + 5, prompt_tokens=row
        )
    assert taken(site, batch, **asked) == expected
    if "ranges" not in asked:
        assert shown(site, batch, **asked) == expected


def test_rows_without_a_result_come_last_in_the_order_of_a_measure(team: Team, alice: User, site: Client) -> None:
    running = a_running_batch(team, alice, rows=6)
    receive(running, dict.fromkeys((2, 4, 6), "yes"))
    assert taken(site, running, search="question", sort="-cost") == [6, 4, 2, 1, 3, 5]


def test_a_signed_link_keeps_the_order(batch: Batch, site: Client) -> None:
    answer: Any = Client().get(link_to(site, batch, form="csv", rows="filter", state="failed", sort="-row"))
    body = b"".join(answer.streaming_content).decode()
    assert [int(row["text"].split()[1]) for row in csv.DictReader(io.StringIO(body))] == [*FAILED][::-1]


@pytest.mark.parametrize("form", ["csv", "excel", "json", "jsonl", "xlsx", "parquet"])
def test_every_form_takes_them(form: str, batch: Batch, site: Client) -> None:
    asked = {"form": form, "rows": "filter", "f.intent": "lost", "ranges": "1-9", "column": ["text", "intent"]}
    answer: Any = site.get(reverse("batch-download", args=[batch.pk]), asked)
    assert f"{batch.pk}-filtered-some" in answer["Content-Disposition"]
    texts = [f"Question {row} about Zürich" for row in (1, 3, 7, 9)]
    assert texts_of(form, answer.getvalue()) == texts


def texts_of(form: str, body: bytes) -> list[str]:
    if form == "xlsx":
        import openpyxl

        rows = [*openpyxl.load_workbook(io.BytesIO(body), read_only=True).active.iter_rows(values_only=True)]
        return [str(text) for text, _ in rows[1:]]
    if form == "parquet":
        from pyarrow import parquet

        texts: list[str] = parquet.read_table(io.BytesIO(body))["text"].to_pylist()
        return texts
    if form in {"csv", "excel"}:
        return [row["text"] for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig")))]
    return [one["text"] for one in (json.loads(body) if form == "json" else map(json.loads, body.splitlines()))]


def test_the_page_of_rows_leads_there_and_says_how_many(batch: Batch, site: Client) -> None:
    page = site.get(reverse("batch", args=[batch.pk]), {"f.intent": "lost", "search": "question 1", "sort": "-row"})
    address = f"/batches/{batch.pk}/download?rows=filter&amp;search=question+1&amp;f.intent=lost&amp;sort=-row"
    text = " ".join(page.content.decode().split())
    assert "Download 6 rows" in text
    assert f'href="{address}"' in text
    chosen = site.get(address.replace("&amp;", "&")).content.decode()
    assert "The 6 rows of this filter: “question 1”, intent is lost" in chosen
    assert '<input type="hidden" name="f.intent" value="lost">' in chosen
    assert 'value="filter" id="id_rows_0" checked' in chosen
    assert '<input type="hidden" name="sort" value="-row">' in chosen
    stable = f"/batches/{batch.pk}/results.xlsx?rows=filter&amp;search=question+1&amp;f.intent=lost&amp;sort=-row"
    assert f'href="{stable}"' in chosen
    assert site.get(stable.replace("&amp;", "&")).status_code == 200
    whole = site.get(reverse("batch-download", args=[batch.pk])).content.decode()
    assert "this filter" not in whole


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"state": "failed"}, "The 10 rows of this filter: Failed"),
        ({"fit": "misfit"}, "The one row of this filter: Doesn’t match"),
        ({"cause": "overloaded"}, "The 10 rows of this filter: overloaded"),
        ({"search": "nothing like it"}, "No row matches this filter: “nothing like it”"),
    ],
)
def test_it_is_said_in_words(asked: dict[str, str], words: str, batch: Batch, site: Client) -> None:
    assert words in site.get(reverse("batch-download", args=[batch.pk]), asked).content.decode()


def test_what_takes_too_long_to_count_is_not_counted(
    batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchsite.results.scan.FIRST_WINDOW", 20)
    found = filtered_rows.counted(batch, "search=Question", 0)
    assert str(found) == "The rows of this filter, more than 20"


@pytest.mark.parametrize("wrong", ["state=faild", "judged=nobody", "tokens=few"])
def test_a_filter_that_means_nothing_is_refused_before_the_first_byte(wrong: str, batch: Batch, site: Client) -> None:
    answer = site.get(f"/batches/{batch.pk}/results.csv?rows=filter&search=question&{wrong}")
    assert answer.status_code == 422
    assert f"“{wrong}” is not a row filter" in answer.content.decode()


def test_without_a_filter_there_are_no_rows_of_one(batch: Batch, site: Client) -> None:
    answer = site.get(f"/batches/{batch.pk}/results.csv?rows=filter")
    assert answer.status_code == 422
    assert "choice of rows doesn’t exist" in answer.content.decode()


def test_it_is_not_sent_again_until_it_would_differ(batch: Batch, site: Client) -> None:
    address = f"/batches/{batch.pk}/results.csv?rows=filter&judged=bad"
    first = site.get(address)
    had = {"If-None-Match": first["ETag"]}
    assert "Last-Modified" not in first
    assert site.get(address, headers=had).status_code == 304
    assert site.get(address.replace("bad", "good"), headers=had).status_code == 200
    Judgement.objects.all().delete()
    assert site.get(address, headers=had).status_code == 200


def test_a_signed_link_and_a_built_file_keep_the_filter(
    batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_build, "AT_ONCE", 5)
    monkeypatch.setattr(export_build, "HOLD", 0)
    asked = {"form": "parquet", "rows": "filter", "f.intent": "late", "search": "Zürich"}
    link = link_to(site, batch, **asked)
    assert Client().get(link).status_code == 202
    export_build.build_step(Export.objects.get().pk)
    answer: Any = Client().get(link)
    assert len(texts_of("parquet", answer.getvalue())) == 20


def test_sums_that_are_made_anew_meanwhile_lose_no_row(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of the older sum are gone in the middle of the file: the rest is found by reading."""
    monkeypatch.setattr(filtered_rows, "WINDOW", 20)
    monkeypatch.setattr(summaries, "SLICE", 10)
    summaries.request(batch, summaries.summary_of(batch))
    work()
    found = filtered_rows.windows(batch, "f.intent=late")
    rows = [*next(found)]
    Codes.objects.all().delete()
    Summary.objects.update(fingerprint="", edition=7)
    assert [*rows, *(row for some in found for row in some)] == [row for row in EVEN if row not in FAILED]


def test_rows_flow_through_window_by_window(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filtered_rows, "WINDOW", 10)
    looked: list[int] = []
    choice = DownloadChoice("filter", filter="state=failed")
    lines = result_files._file_rows(batch, choice, batch.dataset.columns, lambda: looked.append(1))
    next(lines)
    assert len(looked) == 1
    assert len([*lines]) == 9
    assert len(looked) == 12


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12).map(str.strip)
ASKED = st.builds(
    RowFilter,
    text=TEXTS,
    state=st.sampled_from(["", "failed", "pending"]),
    cause=TEXTS,
    fit=st.sampled_from(["", "misfit"]),
    finish=TEXTS,
    judged=st.sampled_from(["", "none"]),
    agrees=st.sampled_from(["", "wrong"]),
    expected=TEXTS,
    answered=TEXTS,
    values=st.dictionaries(TEXTS.filter(bool), TEXTS.filter(bool), max_size=3).map(
        lambda found: tuple(sorted(found.items(), key=lambda one: f"f.{one[0]}"))
    ),
    between=st.dictionaries(
        st.sampled_from([*MEASURES]),
        st.builds(Between, st.integers(1, 99), st.none() | st.integers(0, 99)),
    ),
)


@given(ASKED)
def test_a_filter_is_read_as_it_was_written(asked: RowFilter) -> None:
    assert filter_in(QueryDict(query_of(asked))) == asked
    assert urlencode(pairs_of(asked)) == query_of(asked)
