"""Who may call, and the four shapes of a refusal (facts 1.1-1.3)."""

from __future__ import annotations

import pytest

from tests.sandbox.calls import Room, ask


def test_call_without_a_key_is_401(room: Room) -> None:
    answered = room.get("/v1/batches", key=None)
    assert answered.status == 401
    assert answered.json["error"] == "No credentials presented."


def test_wrong_key_is_400_and_not_echoed(room: Room) -> None:
    answered = room.get("/v1/batches", key="sk-secret-of-somebody")
    assert answered.status == 400
    assert "Incorrect API key provided" in answered.json["error"]
    assert "secret" not in answered.text


@pytest.mark.parametrize("key", ["sandbox", "sandbox-anything", "xai-0123456789"])
def test_any_key_with_a_known_prefix_is_accepted(room: Room, key: str) -> None:
    assert room.get("/v1/models", key=key).status == 200


def test_batch_belongs_to_the_team_of_its_key(room: Room) -> None:
    batch_id = room.filled()
    assert room.get(f"/v1/batches/{batch_id}", key="sandbox-bob").status == 404
    assert room.get("/v1/batches", key="sandbox-bob").json["batches"] == []


def test_two_keys_of_one_team_see_the_same_batches(room: Room) -> None:
    for key in ("sandbox-alice", "sandbox-bob"):
        room.post("/admin/keys", {"key": key, "team": "support"})
    batch_id = room.filled()
    theirs = room.get(f"/v1/batches/{batch_id}", key="sandbox-bob").json
    assert theirs["batch_id"] == batch_id
    assert theirs["create_api_key_id"] != room.get("/v1/api-key", key="sandbox-bob").json["api_key_id"]


def test_json_errors_are_flat(room: Room) -> None:
    answered = room.get("/v1/batches/batch_unknown")
    assert answered.status == 404
    assert set(answered.json) == {"code", "error"}
    assert isinstance(answered.json["error"], str)


def test_code_of_the_same_error_varies(room: Room) -> None:
    codes = {room.get("/v1/batches", key="wrong").json["code"] for _ in range(6)}
    assert len(codes) > 1


def test_422_is_plain_text_with_a_column(room: Room) -> None:
    answered = room.post("/v1/batches", {"endpoint": "/v1/chat/completions"})
    assert answered.status == 422
    assert answered.headers["content-type"].startswith("text/plain")
    assert "missing field `name` at line 1 column 35" in answered.text


@pytest.mark.parametrize("payload", [[], "text", 7, {"name": None}, {"name": 7}, {"name": "x", "input_file_id": 7}])
def test_json_of_another_shape_is_422(room: Room, payload: object) -> None:
    answered = room.post("/v1/batches", payload)
    assert (answered.status, answered.headers["content-type"]) == (422, "text/plain; charset=utf-8")


def test_body_that_is_not_json_is_400(room: Room) -> None:
    answered = room.post("/v1/batches", body=b'{"name": ')
    assert answered.status == 400
    assert "parse the request body as JSON" in answered.json["error"]


def test_compressed_body_is_refused(room: Room) -> None:
    answered = room.post("/v1/batches", body=b"\x1f\x8b\x08\x00rest", headers={"content-encoding": "gzip"})
    assert answered.status == 400
    assert "parse the request body as JSON" in answered.json["error"]


def test_empty_body_or_other_content_type_is_415(room: Room) -> None:
    assert room.post("/v1/batches").status == 415
    batch_id = room.create()
    answered = room.add(batch_id, [ask("r1")], headers={"content-type": "text/plain"})
    assert answered.status == 415


def test_wrong_method_is_405_and_lists_the_allowed_ones(room: Room) -> None:
    answered = room.call("DELETE", f"/v1/batches/{room.create()}")
    assert (answered.status, answered.headers["allow"]) == (405, "GET")


def test_unknown_path_is_404(room: Room) -> None:
    assert room.get("/v1/nothing").status == 404
    assert room.get("/batches").status == 404
