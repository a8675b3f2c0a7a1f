"""What is sent again, how often, and with what marks (facts 1.5)."""

from __future__ import annotations

import time

import httpx
import pytest

from batchsite.xai import errors
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError
from tests.xai.fakes import BATCH, BATCH_ID, GETS, KEY, POSTS, Answer, Use, ok, refusal, says

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
def test_a_get_is_made_again_after_a_passing_fault(answer: Answer) -> None:
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
def test_a_post_is_made_again_if_it_was_turned_away_or_never_left(answer: Answer) -> None:
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
def test_a_post_that_may_have_been_applied_is_never_made_again(use: Use, answer: Answer, kind: type[XaiError]) -> None:
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
def test_a_firm_no_is_asked_for_once(answer: Answer, use: Use) -> None:
    provider = says(answer, ok(BATCH))
    with provider.client() as client, pytest.raises(XaiError) as caught:
        use(client)
    assert len(provider.requests) == 1
    assert not caught.value.retryable


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_retries_are_counted(retries: int) -> None:
    provider = says(DOWN)
    with provider.client(retries=retries) as client, pytest.raises(errors.ServerError):
        client.get_batch(BATCH_ID)
    assert len(provider.requests) == 1 + retries


def test_all_attempts_of_a_call_carry_one_mark() -> None:
    provider = says(DOWN, broken(httpx.ReadError), DOWN)
    with provider.client() as client, pytest.raises(errors.ServerError) as caught:
        client.get_batch(BATCH_ID)
    marks = {request.headers["x-client-request-id"] for request in provider.requests}
    assert marks == {caught.value.client_request_id}


def test_the_provider_says_how_long_to_wait() -> None:
    provider = says(refusal(429, "slow", retry_after="7"), refusal(503, "slow", retry_after="2.5"), ok(BATCH))
    with provider.client() as client:
        client.get_batch(BATCH_ID)
    assert provider.slept == [7.0, 2.5]


def test_a_rate_limit_is_waited_out_longer_than_a_fault() -> None:
    limited, faulty = says(refusal(429, "slow")), says(DOWN)
    for provider in (limited, faulty):
        with provider.client() as client, pytest.raises(XaiError):
            client.get_batch(BATCH_ID)
    assert 0.5 <= limited.slept[0] <= 1.0 <= limited.slept[1] <= 2.0
    assert 0.125 <= faulty.slept[0] <= 0.25 <= faulty.slept[1] <= 0.5


def test_a_wait_beyond_the_time_of_the_call_is_left_to_the_caller() -> None:
    provider = says(refusal(429, "slow", retry_after="45"))
    with provider.client(total_timeout=40.0) as client, pytest.raises(errors.RateLimited) as caught:
        client.create_batch("cities")
    assert caught.value.retry_after == 45.0
    assert provider.slept == []
    assert len(provider.requests) == 1


def test_the_time_of_a_call_covers_its_retries() -> None:
    provider = says(DOWN)
    client = XaiClient(KEY, transport=httpx.MockTransport(provider), retries=1000, total_timeout=0.6)
    started = time.monotonic()
    with client, pytest.raises(errors.ServerError):
        client.get_batch(BATCH_ID)
    assert time.monotonic() - started < 1.0
    assert 2 <= len(provider.requests) < 10


def test_redirects_are_not_followed() -> None:
    provider = says(httpx.Response(307, headers={"location": "https://elsewhere.example/"}), ok(BATCH))
    with provider.client() as client, pytest.raises(errors.BadAnswer):
        client.get_batch(BATCH_ID)
    assert len(provider.requests) == 1
