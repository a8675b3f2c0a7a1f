"""/v1/files: multipart uploads and downloads (facts 3)."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.sandbox import file_routes
from batchsite.sandbox.multipart_form import receive
from tests.sandbox.calls import LocalSandbox, Response
from tests.sandbox.conftest import Live

BOUNDARY = "----sandbox-test"


def form(*parts: tuple[str, bytes]) -> bytes:
    """Returns a multipart body of (headers, content) parts."""
    pieces = [b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head.encode(), content) for head, content in parts]
    return b"".join(pieces) + b"--%b--\r\n" % BOUNDARY.encode()


def field(name: str, value: bytes) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{name}"', value


def file_part(content: bytes, filename: str = "rows.jsonl") -> tuple[str, bytes]:
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: application/jsonl'
    return head, content


def upload(sandbox: LocalSandbox, *parts: tuple[str, bytes]) -> Response:
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return sandbox.post("/v1/files", body=form(*parts), headers=headers)


def test_upload_returns_an_object_without_a_purpose(sandbox: LocalSandbox) -> None:
    stored = upload(sandbox, field("purpose", b"batch"), file_part(b"line\n")).json
    assert stored.pop("id").startswith("file_")
    assert stored == {
        "object": "file",
        "bytes": 5,
        "created_at": 1_786_400_000,
        "expires_at": None,
        "filename": "rows.jsonl",
        "purpose": "",
    }


def test_purpose_is_optional_and_content_comes_back_unchanged(sandbox: LocalSandbox) -> None:
    content = bytes(range(256)) * 5000
    stored = upload(sandbox, file_part(content)).json
    assert sandbox.get(f"/v1/files/{stored['id']}/content").raw == content
    assert sandbox.get(f"/v1/files/{stored['id']}").json == stored


def test_expires_after_counts_only_before_the_file(sandbox: LocalSandbox) -> None:
    before = upload(sandbox, field("expires_after", b"3600"), file_part(b"x")).json
    after = upload(sandbox, file_part(b"x"), field("expires_after", b"3600")).json
    assert (before["expires_at"], after["expires_at"]) == (1_786_403_600, None)
    sandbox.clock.tick(3601)
    assert sandbox.get(f"/v1/files/{before['id']}").status == 404
    assert sandbox.get(f"/v1/files/{after['id']}").status == 200


@pytest.mark.parametrize("seconds", [b"60", b"9999999", b"soon", b""])
def test_expiry_out_of_range_is_refused(sandbox: LocalSandbox, seconds: bytes) -> None:
    assert upload(sandbox, field("expires_after", seconds), file_part(b"x")).status == 400
    assert list(sandbox.store.files.iterdir()) == []


def test_files_are_listed_newest_first_with_a_token_on_every_page(sandbox: LocalSandbox) -> None:
    made = [upload(sandbox, file_part(b"x")).json["id"] for _ in range(5)]
    first = sandbox.get("/v1/files?limit=3").json
    assert [file["id"] for file in first["data"]] == made[:1:-1]
    second = sandbox.get(f"/v1/files?limit=3&pagination_token={first['pagination_token']}").json
    assert [file["id"] for file in second["data"]] == made[1::-1]
    assert second["pagination_token"]
    third = sandbox.get(f"/v1/files?limit=3&pagination_token={second['pagination_token']}").json
    assert third["data"] == []
    assert sandbox.get("/v1/files?limit=101").status == 400


def test_deleted_file_is_gone(sandbox: LocalSandbox) -> None:
    stored = upload(sandbox, file_part(b"x")).json
    deleted = sandbox.call("DELETE", f"/v1/files/{stored['id']}")
    assert deleted.json == {"id": stored["id"], "deleted": True, "object": "file"}
    assert sandbox.get(f"/v1/files/{stored['id']}/content").status == 404
    assert list(sandbox.store.files.iterdir()) == []


def test_file_belongs_to_its_team(sandbox: LocalSandbox) -> None:
    stored = upload(sandbox, file_part(b"x")).json
    assert sandbox.get(f"/v1/files/{stored['id']}", key="sandbox-bob").status == 404
    assert sandbox.get("/v1/files", key="sandbox-bob").json["data"] == []


def test_damaged_uploads_are_refused(sandbox: LocalSandbox) -> None:
    assert sandbox.post("/v1/files", {"file": "x"}).status == 400
    assert upload(sandbox, field("purpose", b"batch")).status == 400
    cut = form(file_part(b"x" * 1000))[:-200]
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    assert sandbox.post("/v1/files", body=cut, headers=headers).status == 400
    assert list(sandbox.store.files.iterdir()) == []


DAMAGED: list[tuple[bytes, int, str]] = [
    (b"", 400, "ends in the middle"),
    (b"no boundary at all", 400, "not valid multipart"),
    (form(file_part(b"x"))[:-3], 400, "ends in the middle"),
    (form(file_part(b"x")).replace(b"Disposition:", b"Disposition"), 400, "not valid multipart"),
    (form(field("a", b"x" * 70_000), file_part(b"x")), 413, "A field of the form is too long."),
    (
        form(('Content-Disposition: form-data; name="' + "a" * 70_000 + '"', b"x")),
        413,
        "headers of a part are too long",
    ),
]


@pytest.mark.parametrize(("body", "status", "expected"), DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_bodies_are_refused(sandbox: LocalSandbox, body: bytes, status: int, expected: str) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    response = sandbox.post("/v1/files", body=body, headers=headers)
    assert (response.status, expected in response.json["error"]) == (status, True)
    assert list(sandbox.store.files.iterdir()) == []


def test_memory_stays_flat_while_a_file_is_received(tmp_path: Path) -> None:
    head, _, tail = form(file_part(b"@")).partition(b"@")
    pieces = itertools.chain([head], itertools.repeat(b"x" * 65_536, 1600), [tail])
    tracemalloc.start()
    received = receive(f"multipart/form-data; boundary={BOUNDARY}", Pieces(pieces), tmp_path / "file", 2**30)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert received.size == 1600 * 65_536
    assert peak < 2_000_000


def test_file_above_the_limit_is_refused(sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_routes, "MAX_BYTES", 1000)
    assert upload(sandbox, file_part(b"x" * 1001)).status == 413
    assert upload(sandbox, file_part(b"x" * 1000)).status == 200


def test_httpx_can_upload_and_download(live: Live) -> None:
    stored = live.client.post("/v1/files", files={"file": ("größe.jsonl", b"line\r\n", "text/plain")}).json()
    assert stored["filename"] == "größe.jsonl"
    assert live.client.get(f"/v1/files/{stored['id']}/content").content == b"line\r\n"


class Pieces:
    """A body that comes in the given pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces

    def read(self, _: int = -1, /) -> bytes:
        return next(self.pieces, b"")


class Slow:
    """Returns a body a few bytes at a time, so that boundaries are split in every way."""

    def __init__(self, body: bytes, size: int) -> None:
        self.body, self.size = body, size

    def read(self, _: int = -1, /) -> bytes:
        piece, self.body = self.body[: self.size], self.body[self.size :]
        return piece


@settings(max_examples=100)
@given(
    content=st.one_of(st.binary(), st.sampled_from([b"\r\n", b"\r\n--", b"--" + BOUNDARY.encode(), b"\r\n\r\n--x"])),
    purpose=st.binary(max_size=20).filter(lambda value: b"\r\n" not in value),
    size=st.integers(1, 50),
)
def test_any_content_survives_any_split_of_the_stream(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, purpose: bytes, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "received"
    stream = Slow(form(field("purpose", purpose), file_part(content)), size)
    received = receive(f"multipart/form-data; boundary={BOUNDARY}", stream, path, 10_000)
    assert path.read_bytes() == content
    assert (received.size, received.filename) == (len(content), "rows.jsonl")
    assert received.fields == {"purpose": purpose.decode(errors="replace")}
