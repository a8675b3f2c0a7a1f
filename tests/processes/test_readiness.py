"""The address is announced when the pages answer, and not before; asking never holds the supervisor up."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from batchsite.processes.listener import listen
from batchsite.processes.readiness import AGAIN, LATE, Readiness
from tests.running import wait_for


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as listening:
        listening.settimeout(5)
        yield listening


@pytest.fixture
def readiness(listener: socket.socket) -> Readiness:
    return Readiness(listener.getsockname())


def answer(listener: socket.socket, text: bytes) -> bytes:
    """Answer the one question that waits; the question."""
    connection, _ = listener.accept()
    with connection:
        question = connection.recv(1000)
        connection.sendall(text)
    return question


def becomes_ready(readiness: Readiness, later: float = 0.0) -> bool:
    return bool(readiness.becomes_ready(time.monotonic() + later))


def test_one_question_waits_for_the_answer(listener: socket.socket, readiness: Readiness) -> None:
    for _ in range(20):
        assert not becomes_ready(readiness)
    assert answer(listener, b"HTTP/1.1 200 OK\r\n\r\n").startswith(b"GET /healthz HTTP/1.0\r\n")
    wait_for(lambda: becomes_ready(readiness), 5)
    assert not becomes_ready(readiness), "it is said once"
    listener.settimeout(0.05)
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("text", [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"", b"nonsense"])
def test_after_a_bad_answer_it_asks_again(listener: socket.socket, readiness: Readiness, text: bytes) -> None:
    becomes_ready(readiness)
    answer(listener, text)
    for _ in range(10):
        assert not becomes_ready(readiness)
        time.sleep(0.01)
    becomes_ready(readiness, AGAIN + 0.1)
    answer(listener, b"HTTP/1.1 200 OK\r\n\r\n")
    wait_for(lambda: becomes_ready(readiness), 5)


def test_a_person_hears_once_when_it_takes_long(readiness: Readiness) -> None:
    becomes_ready(readiness)
    late = [readiness.is_late(time.monotonic() + seconds) for seconds in (0, LATE - 1, LATE + 1, LATE + 2)]
    assert late == [False, False, True, False]


def test_it_is_not_ready_while_nobody_listens() -> None:
    with listen("127.0.0.1", 0) as closed:
        place = closed.getsockname()
    readiness = Readiness(place)
    assert not becomes_ready(readiness)
    assert not becomes_ready(readiness, 1)
