"""The sandbox's own disk is full: nothing half-written, and it goes on when there is room again."""

from __future__ import annotations

import pytest

from tests.sandbox.calls import Room, asks


def limit_pages(room: Room, pages: int) -> None:
    """SQLite then says that the disk is full, as it would on a real one."""
    with room.store.write() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")


def test_add_that_does_not_fit_on_disk_is_500_and_leaves_nothing(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_id = room.filled(3)
    limit_pages(room, 1)
    answered = room.add(batch_id, asks(900, first=4))
    assert (answered.status, set(answered.json)) == (500, {"code", "error"})
    assert "full" in capsys.readouterr().err
    assert room.counters(batch_id)["num_requests"] == 3
    limit_pages(room, 2**30)
    assert room.add(batch_id, asks(900, first=4)).raw == b"null"
    assert room.counters(batch_id)["num_success"] == 903
