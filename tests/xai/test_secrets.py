"""No error and no log line contains the key, a prompt or an answer."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError
from tests.xai.fakes import BATCH, BATCH_ID, CALLS, KEY, Answer, Use, ok, refusal, says

ECHOES: list[Answer] = [
    refusal(400, f"Incorrect API key provided: {KEY}.", code=KEY),
    refusal(503, f"headers were: Authorization: Bearer {KEY}"),
    httpx.Response(502, html=f"<html><title>{KEY}</title>{KEY}</html>"),
    httpx.Response(422, text=f"cannot parse {KEY}"),
    httpx.Response(200, html=f"<html>{KEY}"),
    httpx.ConnectError(f"cannot connect with {KEY}"),
    httpx.ReadError(f"lost {KEY}"),
]


def everything_in(error: XaiError) -> str:
    return f"{error!r} {error} {vars(error)}"


@pytest.mark.parametrize("use", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("answer", ECHOES, ids=range(len(ECHOES)))
def test_echoed_key_is_redacted(answer: Answer, use: Use, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with says(answer).client(retries=0) as client, pytest.raises(XaiError) as caught:
        use(client)
    assert KEY not in everything_in(caught.value)
    assert "[key]" in everything_in(caught.value)
    assert KEY not in caplog.text


def test_repr_does_not_show_the_key() -> None:
    with XaiClient(KEY) as client:
        assert KEY not in repr(client)


def test_traceback_does_not_show_the_key() -> None:
    with says(refusal(400, f"Incorrect API key provided: {KEY}")).client() as client, pytest.raises(XaiError) as caught:
        client.check_key()
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_each_call_logs_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="batchsite.xai")
    provider = says(ok(BATCH, **{"x-trace-id": "t-1"}))
    with provider.client() as client:
        client.get_batch(BATCH_ID)
    (record,) = [record for record in caplog.records if record.name == "batchsite.xai"]
    call_id = provider.requests[0].headers["x-client-request-id"]
    words = record.getMessage()
    assert record.levelno == logging.INFO
    assert words.startswith(f"GET /batches/{BATCH_ID} 200 ")
    assert words.endswith(f" ms ok trace=t-1 call={call_id}")


def test_each_attempt_logs_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="batchsite.xai")
    with says(httpx.Response(503), httpx.ReadError("lost"), ok(BATCH)).client() as client:
        client.get_batch(BATCH_ID)
    lines = [record.getMessage() for record in caplog.records if record.name == "batchsite.xai"]
    assert [line.split()[2] for line in lines] == ["503", "-", "200"]
    assert [line.split()[5] for line in lines] == ["ServerError", "ConnectionLost", "ok"]


def test_prompts_answers_and_cursors_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="batchsite.xai")
    with says(ok({"results": [{"batch_request_id": "r1", "x": "my secret answer"}]})).client() as client:
        client.add_requests(BATCH_ID, b'["my secret prompt"]')
        client.list_results(BATCH_ID, token="my secret row id")
    lines = [record.getMessage() for record in caplog.records if record.name == "batchsite.xai"]
    assert len(lines) == 2
    assert not any("secret" in line for line in lines)
