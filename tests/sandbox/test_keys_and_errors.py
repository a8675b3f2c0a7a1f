"""Which keys are accepted, and the four shapes of errors (facts 1.1-1.3)."""

from __future__ import annotations

import pytest

from tests.sandbox.calls import LocalSandbox, chat_request


def test_call_without_a_key_is_401(sandbox: LocalSandbox) -> None:
    response = sandbox.get("/v1/batches", key=None)
    assert response.status == 401
    assert response.json["error"] == "No credentials presented."


def test_wrong_key_is_400_and_not_echoed(sandbox: LocalSandbox) -> None:
    response = sandbox.get("/v1/batches", key="sk-secret-of-somebody")
    assert response.status == 400
    assert "Incorrect API key provided" in response.json["error"]
    assert "secret" not in response.text


@pytest.mark.parametrize("key", ["sandbox", "sandbox-anything", "xai-0123456789"])
def test_any_key_with_a_known_prefix_is_accepted(sandbox: LocalSandbox, key: str) -> None:
    assert sandbox.get("/v1/models", key=key).status == 200


def test_batch_belongs_to_the_team_of_its_key(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled()
    assert sandbox.get(f"/v1/batches/{batch_id}", key="sandbox-bob").status == 404
    assert sandbox.get("/v1/batches", key="sandbox-bob").json["batches"] == []


def test_two_keys_of_one_team_see_the_same_batches(sandbox: LocalSandbox) -> None:
    for key in ("sandbox-alice", "sandbox-bob"):
        sandbox.post("/admin/keys", {"key": key, "team": "support"})
    batch_id = sandbox.filled()
    theirs = sandbox.get(f"/v1/batches/{batch_id}", key="sandbox-bob").json
    assert theirs["batch_id"] == batch_id
    assert theirs["create_api_key_id"] != sandbox.get("/v1/api-key", key="sandbox-bob").json["api_key_id"]


def test_json_errors_are_flat(sandbox: LocalSandbox) -> None:
    response = sandbox.get("/v1/batches/batch_unknown")
    assert response.status == 404
    assert set(response.json) == {"code", "error"}
    assert isinstance(response.json["error"], str)


def test_code_of_the_same_error_varies(sandbox: LocalSandbox) -> None:
    codes = {sandbox.get("/v1/batches", key="wrong").json["code"] for _ in range(6)}
    assert len(codes) > 1


def test_422_is_plain_text_with_a_column(sandbox: LocalSandbox) -> None:
    response = sandbox.post("/v1/batches", {"endpoint": "/v1/chat/completions"})
    assert response.status == 422
    assert response.headers["content-type"].startswith("text/plain")
    assert "missing field `name` at line 1 column 35" in response.text


@pytest.mark.parametrize("payload", [[], "text", 7, {"name": None}, {"name": 7}, {"name": "x", "input_file_id": 7}])
def test_json_of_another_shape_is_422(sandbox: LocalSandbox, payload: object) -> None:
    response = sandbox.post("/v1/batches", payload)
    assert (response.status, response.headers["content-type"]) == (422, "text/plain; charset=utf-8")


def test_body_that_is_not_json_is_400(sandbox: LocalSandbox) -> None:
    response = sandbox.post("/v1/batches", body=b'{"name": ')
    assert response.status == 400
    assert "parse the request body as JSON" in response.json["error"]


def test_compressed_body_is_refused(sandbox: LocalSandbox) -> None:
    response = sandbox.post("/v1/batches", body=b"\x1f\x8b\x08\x00rest", headers={"content-encoding": "gzip"})
    assert response.status == 400
    assert "parse the request body as JSON" in response.json["error"]


def test_empty_body_or_other_content_type_is_415(sandbox: LocalSandbox) -> None:
    assert sandbox.post("/v1/batches").status == 415
    batch_id = sandbox.create()
    response = sandbox.add(batch_id, [chat_request("r1")], headers={"content-type": "text/plain"})
    assert response.status == 415


def test_wrong_method_is_405_and_lists_the_allowed_ones(sandbox: LocalSandbox) -> None:
    response = sandbox.call("DELETE", f"/v1/batches/{sandbox.create()}")
    assert (response.status, response.headers["allow"]) == (405, "GET")


def test_unknown_path_is_404(sandbox: LocalSandbox) -> None:
    assert sandbox.get("/v1/nothing").status == 404
    assert sandbox.get("/batches").status == 404
