"""Which calls are retried, how often, and with which headers (facts 1.5)."""

from __future__ import annotations

import httpx
import pytest

from batchsite.xai import errors
from batchsite.xai.errors import XaiError
from tests.xai.fakes import BATCH, BATCH_ID, GETS, POSTS, Answer, Use, ok, refusal, says

DOWN = httpx.Response(503, text="upstream connect error or disconnect/reset before headers")


def broken(kind: type[httpx.RequestError]) -> httpx.RequestError:
    return kind("it broke")


GET_AGAIN: list[Answer] = [
    refusal(429, "Too many requests"),
    refusal(500, "internal"),
    refusal(408, "late"),
    refusal(409, "conflict"),
    refusal(529, "overloaded"),
    DOWN,
    broken(httpx.ConnectError),
    broken(httpx.ConnectTimeout),
    broken(httpx.PoolTimeout),
    broken(httpx.ReadTimeout),
    broken(httpx.ReadError),
    broken(httpx.WriteError),
    broken(httpx.RemoteProtocolError),
    httpx.Response(200, text="<html>"),
    httpx.Response(200, text='{"batch_id": "ba'),
    ok([]),
]


@pytest.mark.parametrize("answer", GET_AGAIN, ids=repr)
def test_get_is_retried_after_a_temporary_failure(answer: Answer) -> None:
    provider = says(answer, ok(BATCH))
    with provider.client() as client:
        assert client.get_batch(BATCH_ID).batch_id == BATCH_ID
    assert len(provider.requests) == 2
    assert len(provider.slept) == 1


POST_AGAIN: list[Answer] = [
    refusal(429, "Too many requests"),
    broken(httpx.ConnectError),
    broken(httpx.ConnectTimeout),
    broken(httpx.PoolTimeout),
    broken(httpx.ProxyError),
]


@pytest.mark.parametrize("answer", POST_AGAIN, ids=repr)
def test_post_is_retried_only_if_refused_early_or_never_sent(answer: Answer) -> None:
    provider = says(answer, ok(BATCH))
    with provider.client() as client:
        client.create_batch("cities")
    assert len(provider.requests) == 2
    assert provider.requests[0].content == provider.requests[1].content


POST_UNKNOWN: list[tuple[Answer, type[XaiError]]] = [
    (refusal(500, "internal"), errors.ServerError),
    (refusal(529, "overloaded"), errors.ServerError),
    (DOWN, errors.ServerError),
    (refusal(409, "conflict"), errors.ServerError),
    (broken(httpx.ReadTimeout), errors.TimedOut),
    (broken(httpx.WriteTimeout), errors.TimedOut),
    (broken(httpx.ReadError), errors.ConnectionLost),
    (broken(httpx.WriteError), errors.ConnectionLost),
    (broken(httpx.RemoteProtocolError), errors.ConnectionLost),
    (httpx.Response(200, text="<html>"), errors.BadAnswer),
    (httpx.Response(200, text='{"batch_id": "ba'), errors.BadAnswer),
    (httpx.Response(302, headers={"location": "https://elsewhere.example/"}), errors.BadAnswer),
]


@pytest.mark.parametrize("use", POSTS.values(), ids=POSTS)
@pytest.mark.parametrize(("answer", "kind"), POST_UNKNOWN, ids=repr)
def test_post_that_may_have_been_applied_is_never_retried(use: Use, answer: Answer, kind: type[XaiError]) -> None:
    provider = says(answer, ok(BATCH))
    with provider.client() as client, pytest.raises(kind) as caught:
        use(client)
    assert len(provider.requests) == 1
    assert caught.value.unknown_outcome
    assert not caught.value.retryable


KNOWN: list[Answer] = [
    refusal(400, "Incorrect API key provided"),
    refusal(403, "Your team has used all available credits"),
    refusal(429, "Your team has used all available credits"),
    refusal(404, "Batch not found"),
    refusal(412, "content differs"),
    refusal(422, "missing field"),
    httpx.Response(404, html="<title>Not Found</title>"),
]


@pytest.mark.parametrize("use", [GETS["get_batch"], POSTS["create_batch"]], ids=["get", "post"])
@pytest.mark.parametrize("answer", KNOWN, ids=lambda answer: str(answer.status_code))
def test_permanent_refusals_are_not_retried(answer: Answer, use: Use) -> None:
    provider = says(answer, ok(BATCH))
    with provider.client() as client, pytest.raises(XaiError) as caught:
        use(client)
    assert len(provider.requests) == 1
    assert not caught.value.retryable


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_number_of_retries_is_respected(retries: int) -> None:
    provider = says(DOWN)
    with provider.client(retries=retries) as client, pytest.raises(errors.ServerError):
        client.get_batch(BATCH_ID)
    assert len(provider.requests) == 1 + retries


def test_all_attempts_of_a_call_share_one_request_id() -> None:
    provider = says(DOWN, broken(httpx.ReadError), DOWN)
    with provider.client() as client, pytest.raises(errors.ServerError) as caught:
        client.get_batch(BATCH_ID)
    request_ids = {request.headers["x-client-request-id"] for request in provider.requests}
    assert request_ids == {caught.value.client_request_id}


def test_retry_after_is_obeyed() -> None:
    provider = says(refusal(429, "slow", retry_after="7"), refusal(503, "slow", retry_after="2.5"), ok(BATCH))
    with provider.client() as client:
        client.get_batch(BATCH_ID)
    assert provider.slept == [7.0, 2.5]


def test_rate_limits_back_off_longer_than_server_errors() -> None:
    limited, faulty = says(refusal(429, "slow")), says(DOWN)
    for provider in (limited, faulty):
        with provider.client() as client, pytest.raises(XaiError):
            client.get_batch(BATCH_ID)
    assert 0.5 <= limited.slept[0] <= 1.0 <= limited.slept[1] <= 2.0
    assert 0.125 <= faulty.slept[0] <= 0.25 <= faulty.slept[1] <= 0.5


def test_no_wait_is_started_that_would_exceed_the_total_timeout() -> None:
    provider = says(refusal(429, "slow", retry_after="45"))
    with provider.client(total_timeout=40.0) as client, pytest.raises(errors.RateLimited) as caught:
        client.create_batch("cities")
    assert caught.value.retry_after == 45.0
    assert provider.slept == []
    assert len(provider.requests) == 1


def test_total_timeout_includes_retries() -> None:
    provider = says(DOWN)
    client = provider.client(clock=lambda: sum(provider.slept), retries=1000, total_timeout=40.0)
    with client, pytest.raises(errors.ServerError):
        client.get_batch(BATCH_ID)
    assert sum(provider.slept) < 40.0
    assert 5 < len(provider.requests) < 20


def test_redirects_are_not_followed() -> None:
    provider = says(httpx.Response(307, headers={"location": "https://elsewhere.example/"}), ok(BATCH))
    with provider.client() as client, pytest.raises(errors.BadAnswer):
        client.get_batch(BATCH_ID)
    assert len(provider.requests) == 1
