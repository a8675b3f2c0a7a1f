"""A full disk: nothing is half-written, and the sandbox goes on when there is space again."""

from __future__ import annotations

import pytest

from tests.sandbox.calls import LocalSandbox, chat_requests


def limit_pages(sandbox: LocalSandbox, pages: int) -> None:
    """Makes SQLite report a full disk."""
    with sandbox.store.write() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")


def test_add_that_does_not_fit_on_disk_is_500_and_leaves_nothing(
    sandbox: LocalSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_id = sandbox.filled(3)
    limit_pages(sandbox, 1)
    response = sandbox.add(batch_id, chat_requests(900, first=4))
    assert (response.status, set(response.json)) == (500, {"code", "error"})
    assert "full" in capsys.readouterr().err
    assert sandbox.counters(batch_id)["num_requests"] == 3
    limit_pages(sandbox, 2**30)
    assert sandbox.add(batch_id, chat_requests(900, first=4)).raw == b"null"
    assert sandbox.counters(batch_id)["num_success"] == 903
