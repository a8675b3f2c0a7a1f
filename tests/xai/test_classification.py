"""Status and text decide the kind of error; the changing `code` never does (facts 1.2-1.4)."""

from __future__ import annotations

import pickle

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.xai import errors
from batchsite.xai.classification import classify
from batchsite.xai.errors import XaiError

JSON = {"content-type": "application/json"}
PLAIN = {"content-type": "text/plain"}
HTML = {"content-type": "text/html; charset=UTF-8"}
NO_CREDITS = "Your team has either used all available credits or reached its monthly spending limit."


def flat(error: str, code: str = "Some requested entity was not found") -> bytes:
    return orjson.dumps({"code": code, "error": error})


REPLIES = [
    (400, flat("Incorrect API key provided: ab***yz. You can obtain one at console.x.ai."), "KeyRejected"),
    (400, flat("Invalid api-key"), "KeyRejected"),
    (401, flat("No credentials presented."), "KeyRejected"),
    (401, b"", "KeyRejected"),
    (403, flat("This API key has been blocked."), "KeyRejected"),
    (403, flat("Your key is disabled."), "KeyRejected"),
    (403, flat("The team owning this was blocked."), "KeyRejected"),
    (429, flat(NO_CREDITS), "OutOfCredits"),
    (403, flat(NO_CREDITS, "permission-denied"), "OutOfCredits"),
    (403, flat("Your newly created team doesn't have any credits or licenses yet."), "OutOfCredits"),
    (403, flat("You have run out of Credits or need a subscription."), "OutOfCredits"),
    (402, flat("Payment required"), "OutOfCredits"),
    (403, flat("Cannot add requests to a cancelled batch"), "PermissionDenied"),
    (403, flat("Access denied", code="personal-team-blocked:spending-limit"), "PermissionDenied"),
    (403, b"", "PermissionDenied"),
    (404, flat("Batch not found"), "NotFound"),
    (404, b"", "NotFound"),
    (404, flat("The model grok-9 does not exist or your team t does not have access to it."), "ModelUnknown"),
    (404, flat("Model 'grok-9' not found."), "ModelUnknown"),
    (400, flat("The model grok-9 does not exist."), "ModelUnknown"),
    (412, flat("batch_request_id 'r1' content differs from originally submitted"), "ContentDiffers"),
    (412, flat("Cannot add inline requests to a file-based batch"), "PreconditionFailed"),
    (400, flat("Model grok-4.5 is not supported for batch processing."), "ModelNotBatchable"),
    (400, flat("Model grok-2 not supported for endpoint xai_api.Chat/GetCompletion."), "ModelNotBatchable"),
    (400, flat("Bad data: Messages cannot be empty", code="400"), "InvalidRequest"),
    (400, flat("Model grok-4.3 does not support parameter presencePenalty."), "InvalidRequest"),
    (405, b"", "InvalidRequest"),
    (413, b"Payload Too Large", "InvalidRequest"),
    (415, b"", "InvalidRequest"),
    (422, b"Failed to deserialize the JSON body: missing field `name` at line 1 column 2", "InvalidRequest"),
    (418, b"", "InvalidRequest"),
    (429, flat("Too many requests", code="Some resource has been exhausted"), "RateLimited"),
    (429, b"", "RateLimited"),
    (408, b"", "ServerError"),
    (409, flat("conflict"), "ServerError"),
    (500, flat("internal"), "ServerError"),
    (502, b"", "ServerError"),
    (503, b"upstream connect error or disconnect/reset before headers", "ServerError"),
    (504, b"", "ServerError"),
    (522, b"", "ServerError"),
    (529, flat("Overloaded"), "ServerError"),
    (302, b"", "BadAnswer"),
]


@pytest.mark.parametrize(("status", "body", "kind"), REPLIES)
def test_each_reply_has_one_kind_of_error(status: int, body: bytes, kind: str) -> None:
    assert type(classify("GET", status, JSON, body)).__name__ == kind


@pytest.mark.parametrize("status", [400, 403, 404, 412, 429, 500])
def test_code_does_not_affect_the_kind(status: int) -> None:
    kinds = {
        type(classify("GET", status, JSON, flat("it did not work", code)))
        for code in ("invalid-argument", "400", "permission-denied", "api-key", "credits", "not-found")
    }
    assert len(kinds) == 1


SHAPES = [
    (flat("Batch not found", "not-found"), "Batch not found", "not-found"),
    (b'{"code":5,"message":"Batch not found","details":[]}', "Batch not found", "5"),
    (b'{"error":{"message":"Batch not found","code":"nf"}}', "Batch not found", "nf"),
    (b"Batch not found\n", "Batch not found", ""),
    (b'{"error":"Batch not fou', '{"error":"Batch not fou', ""),
    (b'"Batch not found"', '"Batch not found"', ""),
    (b'{"code":"only a code"}', '{"code":"only a code"}', "only a code"),
]


@pytest.mark.parametrize(("body", "text", "code"), SHAPES)
def test_message_is_found_in_every_shape_of_body(body: bytes, text: str, code: str) -> None:
    error = classify("GET", 404, JSON, body)
    assert f": {text}. " in error.message
    assert error.code == code


PAGES = [
    (400, "BadAnswer"),
    (403, "BadAnswer"),
    (404, "BadAnswer"),
    (429, "RateLimited"),
    (502, "ServerError"),
]


@pytest.mark.parametrize(("status", "kind"), PAGES)
def test_text_of_a_web_page_does_not_affect_the_kind(status: int, kind: str) -> None:
    html = b"<html><head><title>Sorry, your API key is out of credits</title></head><body>billing</body></html>"
    error = classify("GET", status, HTML, html)
    assert type(error).__name__ == kind
    assert "received a web page" in error.message
    assert not error.billing
    assert not error.key_problem


def test_web_page_is_recognised_without_a_content_type() -> None:
    assert "received a web page" in classify("GET", 502, {}, b"\n<!DOCTYPE html><p>Bad gateway").message


def test_wrong_address_is_not_a_missing_batch() -> None:
    error = classify("GET", 404, HTML, b"<html><title>404 Not Found</title></html>")
    assert not isinstance(error, errors.NotFound)
    assert not error.retryable


@pytest.mark.parametrize("status", [400, 403, 407, 413])
def test_what_became_of_a_call_that_a_page_answers_is_unknown(status: int) -> None:
    error = classify("POST", status, HTML, b"<html><title>Blocked by the proxy</title></html>")
    assert error.unknown_outcome
    assert not error.retryable


def test_missing_model_is_not_a_missing_batch() -> None:
    error = classify("POST", 404, JSON, flat("Model 'grok-9' not found."))
    assert isinstance(error, errors.ModelNotBatchable)
    assert not isinstance(error, errors.NotFound)


FLAGS = [
    # status, body, method, retryable, unknown_outcome, billing, key_problem
    (400, flat("Incorrect API key provided"), "POST", False, False, False, True),
    (429, flat(NO_CREDITS), "POST", False, False, True, False),
    (429, flat(NO_CREDITS), "GET", False, False, True, False),
    (429, b"", "POST", True, False, False, False),
    (429, b"", "GET", True, False, False, False),
    (503, b"", "GET", True, False, False, False),
    (503, b"", "POST", False, True, False, False),
    (408, b"", "POST", False, True, False, False),
    (409, b"", "POST", False, True, False, False),
    (522, b"", "GET", True, False, False, False),
    (404, b"", "GET", False, False, False, False),
    (412, b"", "POST", False, False, False, False),
    (422, b"", "POST", False, False, False, False),
    (302, b"", "GET", False, False, False, False),
    (302, b"", "POST", False, True, False, False),
]


@pytest.mark.parametrize(("status", "body", "method", "retryable", "unknown", "billing", "key"), FLAGS)
def test_errors_carry_the_decision(
    status: int, body: bytes, method: str, retryable: bool, unknown: bool, billing: bool, key: bool
) -> None:
    error = classify(method, status, JSON, body)
    assert (error.retryable, error.unknown_outcome, error.billing, error.key_problem) == (
        retryable,
        unknown,
        billing,
        key,
    )


def test_unknown_outcome_advises_to_look_first() -> None:
    assert "may or may not have taken effect" in classify("POST", 503, PLAIN, b"upstream").message
    assert "may or may not" not in classify("GET", 503, PLAIN, b"upstream").message


def test_message_says_what_happened_and_what_to_do() -> None:
    error = classify("POST", 403, JSON, flat(NO_CREDITS))
    assert error.message == (
        "The team has no credits at xAI, or has reached its spending limit (HTTP 403): "
        f"{NO_CREDITS} Add credits or raise the limit in the xAI console, then resume."
    )
    assert str(error) == error.message


def test_status_trace_id_and_retry_after_are_kept() -> None:
    headers = {"X-Trace-Id": "a" * 32, "Retry-After": "7", "Content-Type": "text/plain"}
    error = classify("GET", 429, headers, b"slow down")
    assert (error.status, error.trace_id, error.retry_after) == (429, "a" * 32, 7.0)
    assert error.body == "slow down"


def test_inference_routes_name_the_trace_header_differently() -> None:
    assert classify("POST", 500, {"x-request-id": "r-1"}, b"").trace_id == "r-1"


def test_retry_after_date_counts_from_the_servers_clock() -> None:
    headers = {"date": "Sun, 22 Nov 2026 10:00:00 GMT", "retry-after": "Sun, 22 Nov 2026 10:00:20 GMT"}
    assert classify("GET", 503, headers, b"").retry_after == 20.0


def test_long_body_is_truncated() -> None:
    error = classify("GET", 500, PLAIN, b"x" * 100_000)
    assert len(error.body) == errors.BODY_KEPT
    assert len(error.message) < 500


def test_errors_survive_pickling() -> None:
    error = classify("POST", 503, {"x-trace-id": "t"}, b"upstream")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", [XaiError, *XaiError.__subclasses__()])
def test_every_kind_has_its_own_sentence(kind: type[XaiError]) -> None:
    assert kind().message == kind.what
    assert kind is XaiError or kind.what != XaiError.what


@settings(deadline=None)  # a busy machine must not fail this
@given(
    st.sampled_from(["GET", "POST"]),
    st.integers(300, 599),
    st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=3),
    st.binary(max_size=200),
)
def test_any_reply_can_be_classified(method: str, status: int, headers: dict[str, str], body: bytes) -> None:
    error = classify(method, status, headers, body)
    assert not (error.retryable and error.unknown_outcome)
    assert method == "POST" or not error.unknown_outcome
