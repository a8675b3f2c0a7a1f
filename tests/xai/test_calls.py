"""Each call: the method, path, headers and body it sends, and the values it returns."""

from __future__ import annotations

import gzip
import uuid

import httpx
import orjson
import pytest

from batchsite.xai.client import XaiClient
from batchsite.xai.errors import BadAnswer, KeyRejected, NotFound
from batchsite.xai.types import Page, RemoteBatch, RequestMeta
from tests.xai.fakes import BATCH, BATCH_ID, CALLS, KEY, POSTS, Use, ok, page, refusal, says

COMPLETION = {"id": "c", "choices": []}


def sent(provider_request: httpx.Request) -> object:
    return orjson.loads(provider_request.content)


@pytest.mark.parametrize("use", CALLS.values(), ids=CALLS)
def test_every_call_sends_the_key_and_a_request_id(use: Use) -> None:
    provider = says(refusal(404, "Batch not found"))
    with provider.client() as client, pytest.raises(NotFound) as caught:
        use(client)
    headers = provider.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept-encoding"] == "gzip"
    assert "content-encoding" not in headers
    assert "transfer-encoding" not in headers
    assert str(uuid.UUID(headers["x-client-request-id"])) == headers["x-client-request-id"]
    assert caught.value.client_request_id == headers["x-client-request-id"]


def test_two_calls_have_different_request_ids() -> None:
    provider = says(ok(BATCH))
    with provider.client() as client:
        client.get_batch(BATCH_ID)
        client.get_batch(BATCH_ID)
    assert len({request.headers["x-client-request-id"] for request in provider.requests}) == 2


PATHS = {
    "get_batch": ("GET", f"/v1/batches/{BATCH_ID}"),
    "list_batches": ("GET", "/v1/batches?limit=100"),
    "list_requests": ("GET", f"/v1/batches/{BATCH_ID}/requests?limit=1000"),
    "list_results": ("GET", f"/v1/batches/{BATCH_ID}/results?limit=1000"),
    "check_key": ("GET", "/v1/api-key"),
    "language_models": ("GET", "/v1/language-models"),
    "get_deferred": ("GET", "/v1/chat/deferred-completion/d-1"),
    "create_batch": ("POST", "/v1/batches"),
    "add_requests": ("POST", f"/v1/batches/{BATCH_ID}/requests"),
    "cancel_batch": ("POST", f"/v1/batches/{BATCH_ID}:cancel"),
    "upload_file": ("POST", "/v1/files"),
    "chat_completion": ("POST", "/v1/chat/completions"),
    "start_deferred": ("POST", "/v1/chat/completions"),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_uses_its_documented_path(name: str) -> None:
    provider = says(refusal(404, "Batch not found"))
    with provider.client() as client, pytest.raises(NotFound):
        CALLS[name](client)
    request = provider.requests[0]
    assert (request.method, request.url.raw_path.decode()) == PATHS[name]


@pytest.mark.parametrize("name", sorted(set(POSTS) - {"cancel_batch", "upload_file"}))
def test_post_with_a_body_is_sent_as_json(name: str) -> None:
    provider = says(refusal(404, "Batch not found"))
    with provider.client() as client, pytest.raises(NotFound):
        CALLS[name](client)
    request = provider.requests[0]
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(request.content))


def test_create_batch_sends_the_name_and_returns_the_batch() -> None:
    provider = says(ok(BATCH))
    with provider.client() as client:
        batch = client.create_batch("cities [bs-1]")
    assert sent(provider.requests[0]) == {"name": "cities [bs-1]"}
    assert batch.batch_id == BATCH_ID


def test_create_batch_from_a_file() -> None:
    provider = says(ok({**BATCH, "input_file_id": "file_1"}))
    with provider.client() as client:
        assert client.create_batch("cities", input_file_id="file_1").input_file_id == "file_1"
    assert sent(provider.requests[0]) == {"name": "cities", "input_file_id": "file_1"}


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 1_000_000])
def test_add_requests_sends_the_body_unchanged(size: int) -> None:
    body = bytes(i % 251 for i in range(size))
    provider = says(ok(None))
    with provider.client() as client:
        client.add_requests(BATCH_ID, body)
    assert provider.requests[0].content == body
    assert provider.requests[0].headers["content-length"] == str(size)


@pytest.mark.parametrize(("status", "reply"), [(200, b"null"), (200, b"{}"), (201, b""), (204, b""), (202, b" ")])
def test_any_2xx_means_added(status: int, reply: bytes) -> None:
    with says(httpx.Response(status, content=reply)).client() as client:
        client.add_requests(BATCH_ID, b"{}")


def test_web_page_with_status_200_does_not_mean_added() -> None:
    with (
        says(httpx.Response(200, content=b"<html>Sign in to the hotel's network")).client() as client,
        pytest.raises(BadAnswer, match="received a web page") as caught,
    ):
        client.add_requests(BATCH_ID, b"{}")
    assert caught.value.unknown_outcome


def test_cancel_has_no_body_and_an_unencoded_colon() -> None:
    provider = says(ok({**BATCH, "cancel_time": "2026-08-11"}))
    with provider.client() as client:
        batch = client.cancel_batch(BATCH_ID)
    request = provider.requests[0]
    assert request.url.raw_path.endswith(b":cancel")
    assert request.content == b""
    assert request.headers["content-length"] == "0"
    assert batch.cancel_time is not None


@pytest.mark.parametrize("batch_id", ["../../admin", "a/b", "a?x=1", "a#b", "a%2Fb", "a b"])
def test_ids_with_special_characters_are_quoted_in_the_path(batch_id: str) -> None:
    provider = says(ok(BATCH))
    with provider.client() as client:
        client.get_batch(batch_id)
    raw_path = provider.requests[0].url.raw_path
    assert raw_path.startswith(b"/v1/batches/")
    assert raw_path.count(b"/") == 3
    assert b"?" not in raw_path


def test_empty_id_is_refused() -> None:
    provider = says(ok(BATCH))
    with provider.client() as client, pytest.raises(ValueError, match="id is missing"):
        client.get_batch("")
    assert provider.requests == []


def test_list_batches_returns_the_next_token() -> None:
    provider = says(page("batches", [BATCH], "batch_0"))
    with provider.client() as client:
        batches = client.list_batches(5, "batch_9")
    assert batches == Page([RemoteBatch.from_wire(BATCH)], "batch_0")
    assert dict(provider.requests[0].url.params) == {"limit": "5", "pagination_token": "batch_9"}


@pytest.mark.parametrize("end", [None, ""])
def test_null_or_empty_token_marks_the_last_page(end: str | None) -> None:
    with says(page("batches", [], end)).client() as client:
        assert client.list_batches() == Page([], None)


def test_missing_token_marks_the_last_page() -> None:
    with says(ok({"results": []})).client() as client:
        assert client.list_results(BATCH_ID) == Page([], None)


def test_list_requests_returns_request_metadata() -> None:
    raw = {"batch_request_id": "r1", "endpoint": "e", "model": "m", "state": "pending", "finish_time": None}
    with says(page("batch_request_metadata", [raw], None)).client() as client:
        assert client.list_requests(BATCH_ID).items == [RequestMeta("r1", "pending", "e", "m")]


def test_list_results_returns_raw_rows() -> None:
    rows = [{"batch_request_id": "r1", "batch_result": {"error": "no"}, "new_member": [1]}]
    with says(page("results", rows, "r1")).client() as client:
        assert client.list_results(BATCH_ID) == Page(rows, "r1")


def test_results_in_two_lists_are_combined() -> None:
    with says(
        ok({"succeeded": [{"batch_request_id": "r1"}], "failed": [{"batch_request_id": "r2"}]})
    ).client() as client:
        assert [row["batch_request_id"] for row in client.list_results(BATCH_ID).items] == ["r1", "r2"]


def test_result_row_that_is_not_an_object_is_kept() -> None:
    with says(page("results", [None, {"batch_request_id": "r1"}, "x"], None)).client() as client:
        rows = client.list_results(BATCH_ID).items
    assert rows == [{"unreadable": None}, {"batch_request_id": "r1"}, {"unreadable": "x"}]


def test_language_models_are_read() -> None:
    provider = says(ok({"models": [{"id": "grok-4.3", "prompt_text_token_price": 12500}]}))
    with provider.client() as client:
        (model,) = client.language_models()
    assert (model.id, model.input_ticks) == ("grok-4.3", 12_500)


def test_chat_completion_returns_the_completion() -> None:
    provider = says(ok(COMPLETION))
    with provider.client() as client:
        assert client.chat_completion({"model": "m"}) == COMPLETION
    assert sent(provider.requests[0]) == {"model": "m"}


@pytest.mark.parametrize("way", ["chat_completion", "response", "start_deferred"])
def test_a_call_that_nobody_can_look_for_carries_its_name(way: str) -> None:
    provider = says(ok(COMPLETION | {"request_id": "d-1"}))
    with provider.client() as client:
        getattr(client, way)({"model": "m"}, "bs-try-7")
    assert provider.requests[0].headers["x-client-request-id"] == "bs-try-7"


def test_deferred_completion_is_started_and_polled() -> None:
    left = {
        "x-ratelimit-limit-requests": "1800",
        "X-RateLimit-Remaining-Requests": "90",
        "x-ratelimit-limit-tokens": "x",
    }
    started = httpx.Response(200, json={"request_id": "d-1"}, headers=left)
    provider = says(started, httpx.Response(202), ok(COMPLETION))
    with provider.client() as client:
        deferred = client.start_deferred({"model": "m"}, "row 7 of ours")
        assert (deferred.request_id, deferred.limits.share_left) == ("d-1", 0.05)
        assert client.get_deferred("d-1") is None
        assert client.get_deferred("d-1") == COMPLETION
    assert sent(provider.requests[0]) == {"model": "m", "deferred": True}
    assert provider.requests[0].headers["x-client-request-id"] == "row 7 of ours"


def test_upload_file_sends_the_whole_file() -> None:
    provider = says(ok({"id": "file_1", "object": "file", "bytes": 3}))
    with provider.client() as client:
        assert client.upload_file("rows.jsonl", b"{}\n") == "file_1"
    request = provider.requests[0]
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"; filename="rows.jsonl"' in request.content
    assert b"\r\n\r\n{}\n\r\n" in request.content


WRONG_SHAPES = [b"null", b"[]", b"7", b'"x"', b"{}", b""]
ANY_OBJECT_WILL_DO = {"chat_completion", "get_deferred"}  # `read_completion` accepts any object
WRONG = [
    (name, body)
    for name in sorted(set(CALLS) - {"add_requests"})
    for body in WRONG_SHAPES
    if not (name in ANY_OBJECT_WILL_DO and body == b"{}")
]


@pytest.mark.parametrize(("name", "body"), WRONG)
def test_json_of_an_unexpected_shape_is_a_bad_answer(name: str, body: bytes) -> None:
    with says(httpx.Response(200, content=body)).client() as client, pytest.raises(BadAnswer) as caught:
        CALLS[name](client)
    assert caught.value.unknown_outcome is (name in POSTS)
    assert caught.value.status == 200


@pytest.mark.parametrize("key", ["", "  \n", "xai-ü", "xai one", "xai-\x00", "xai-\nx"])
def test_unusable_key_is_rejected_without_being_shown(key: str) -> None:
    with pytest.raises(KeyRejected) as caught:
        XaiClient(key)
    assert not key.strip() or key.strip() not in caught.value.message
    assert caught.value.key_problem


def test_white_space_around_a_pasted_key_is_ignored() -> None:
    provider = says(ok({"api_key_id": "k"}))
    with XaiClient(f" {KEY}\n", transport=httpx.MockTransport(provider)) as client:
        client.check_key()
    assert provider.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("packed", ["gzip, gzip", "br", "zstd", "deflate"])
def test_an_answer_that_is_packed_otherwise_than_asked_for_is_not_unpacked(packed: str) -> None:
    """Packed twice, 6 kB were 4 GB, in one piece."""
    twice = gzip.compress(gzip.compress(bytes(50_000_000), 9), 9)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": packed}, stream=httpx.ByteStream(twice))

    client = XaiClient(KEY, transport=httpx.MockTransport(answer), retries=0)
    with client, pytest.raises(BadAnswer, match="not asked for"):
        client.get_batch(BATCH_ID)
