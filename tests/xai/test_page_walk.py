"""Reading lists page by page: complete, in order, and never endless (facts 2.7)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai.errors import BadAnswer, ServerError
from batchsite.xai.page_walk import walk
from batchsite.xai.types import Page
from tests.xai.fakes import BATCH, BATCH_ID, page, says


def rows(*ids: str) -> list[dict[str, Any]]:
    return [{"batch_request_id": row_id} for row_id in ids]


def test_results_are_read_page_by_page() -> None:
    provider = says(page("results", rows("r1", "r2"), "r2"), page("results", rows("r3"), "r3"), page("results", [], ""))
    with provider.client() as client:
        read = [row["batch_request_id"] for row in client.iter_results(BATCH_ID, limit=2)]
    assert read == ["r1", "r2", "r3"]
    assert [request.url.params.get("pagination_token") for request in provider.requests] == [None, "r2", "r3"]
    assert {request.url.params["limit"] for request in provider.requests} == {"2"}


def test_walk_can_start_from_a_token() -> None:
    provider = says(page("results", rows("r3"), None))
    with provider.client() as client:
        assert list(client.iter_results(BATCH_ID, token="r2")) == rows("r3")
    assert provider.requests[0].url.params["pagination_token"] == "r2"


def test_batches_and_requests_are_read_page_by_page() -> None:
    with says(page("batches", [BATCH], "b"), page("batches", [{**BATCH, "batch_id": "b2"}], None)).client() as client:
        assert [batch.batch_id for batch in client.iter_batches()] == [BATCH_ID, "b2"]
    metas = [page("batch_request_metadata", rows("r1"), "r1"), page("batch_request_metadata", rows("r2"), None)]
    with says(*metas).client() as client:
        assert [meta.batch_request_id for meta in client.iter_requests(BATCH_ID)] == ["r1", "r2"]


def test_next_page_is_fetched_lazily() -> None:
    provider = says(page("results", rows("r1"), "r1"))
    with provider.client() as client:
        next(client.iter_results(BATCH_ID))
    assert len(provider.requests) == 1


CIRCLES = [
    [page("results", rows("r1"), "r1"), page("results", rows("r2"), "r1")],
    [page("results", rows("r1"), "a"), page("results", rows("r2"), "b"), page("results", rows("r3"), "a")],
]


@pytest.mark.parametrize("pages", CIRCLES)
def test_repeated_cursor_stops_the_walk(pages: list[httpx.Response]) -> None:
    provider = says(*pages)
    with provider.client() as client, pytest.raises(BadAnswer, match="in circles"):
        list(client.iter_results(BATCH_ID))
    assert len(provider.requests) == len(pages)


def test_cursor_equal_to_the_first_one_stops_the_walk() -> None:
    provider = says(page("results", rows("r3"), "r2"))
    with provider.client() as client, pytest.raises(BadAnswer, match="in circles"):
        list(client.iter_results(BATCH_ID, token="r2"))
    assert len(provider.requests) == 1


NO_END = [
    [page("results", rows("r1"), "a"), page("results", [], "b")],
    [page("results", rows("r1"), "a"), page("results", rows("r1"), "b")],
]


@pytest.mark.parametrize("pages", NO_END)
def test_page_with_a_token_but_nothing_new_stops_the_walk(pages: list[httpx.Response]) -> None:
    with says(*pages).client() as client, pytest.raises(BadAnswer, match="does not end"):
        list(client.iter_results(BATCH_ID))


def test_rows_before_a_bad_cursor_are_still_returned() -> None:
    read = []
    with says(page("results", rows("r1"), "a"), page("results", rows("r2"), "a")).client() as client:
        walking = client.iter_results(BATCH_ID)
        read += [next(walking), next(walking)]
        with pytest.raises(BadAnswer):
            next(walking)
    assert read == rows("r1", "r2")


def test_error_in_the_middle_is_raised() -> None:
    provider = says(page("results", rows("r1"), "r1"), httpx.Response(500))
    with provider.client() as client, pytest.raises(ServerError):
        list(client.iter_results(BATCH_ID))


@settings(deadline=None)  # a busy machine must not fail this
@given(st.lists(st.integers(), unique=True), st.integers(1, 7))
def test_any_list_is_read_whole_at_any_page_size(items: list[int], size: int) -> None:
    def fetch(token: str | None) -> Page[int]:
        start = int(token or 0)
        more = start + size < len(items)
        return Page(items[start : start + size], str(start + size) if more else None)

    assert list(walk(fetch)) == items
