"""With a key file, the sandbox of an installation accepts only its own key, for /admin too."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchsite.sandbox.key_file import read_or_create
from tests.sandbox.calls import INSTANT, LocalSandbox
from tests.sandbox.processes import Process

KEY = "sandbox-of-this-installation"


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[LocalSandbox]:
    sandbox = LocalSandbox(tmp_path / "locked", INSTANT, key=KEY)
    yield sandbox
    sandbox.store.close()


@pytest.mark.parametrize("key", ["sandbox-key", "sandbox-alice", "xai-1", f"{KEY}x", KEY[:-1], "sandbox-é"])
def test_other_keys_are_refused(locked: LocalSandbox, key: str) -> None:
    assert locked.get("/v1/models", key=key).status == 400
    assert locked.get("/admin/ledger", key=key).status == 400
    assert locked.post("/admin/reset", key=key).status == 400


def test_own_key_is_accepted(locked: LocalSandbox) -> None:
    assert locked.get("/v1/models", key=KEY).status == 200
    assert locked.get("/admin/ledger", key=KEY).status == 200


def test_admin_routes_need_the_key_but_health_does_not(locked: LocalSandbox) -> None:
    assert locked.get("/admin/ledger", key=None).status == 401
    assert locked.post("/admin/reset", key=None).status == 401
    assert locked.get("/", key=None).status == 200


def test_batches_of_the_former_fixed_key_stay_readable(tmp_path: Path) -> None:
    """Until there was a key file, every installation used the key sandbox-key."""
    before = LocalSandbox(tmp_path, INSTANT)
    batch_id = before.post("/v1/batches", {"name": "old"}, key="sandbox-key").json["batch_id"]
    before.store.close()
    for key in (KEY, "sandbox-after-a-restore"):
        after = LocalSandbox(tmp_path, INSTANT, key=key)
        assert after.get(f"/v1/batches/{batch_id}", key=key).status == 200
        after.store.close()


def test_key_file_is_created_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.key"
    key = read_or_create(path)
    assert key.startswith("sandbox-")
    assert len(key) > 40
    assert read_or_create(path) == key == path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_create(tmp_path / "other.key") != key
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other.key", "sandbox.key"]


def test_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sandbox.key").write_text("\n")
    with pytest.raises(OSError, match="holds no key"):
        read_or_create(tmp_path / "sandbox.key")


@pytest.mark.processes
def test_process_with_a_key_file_accepts_only_that_key(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.key"
    with Process(tmp_path / "data", "--key-file", str(path)) as process:
        own = {"authorization": f"Bearer {path.read_text().strip()}"}
        assert process.client.get("/admin/ledger").status_code == 400
        assert process.client.get("/v1/models").status_code == 400
        assert process.client.get("/admin/ledger", headers=own).status_code == 200
        assert process.client.get("/v1/models", headers=own).status_code == 200
